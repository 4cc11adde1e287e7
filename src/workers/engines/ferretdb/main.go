// Command ferretdb is the embedded stand-in for MongoDB: FerretDB 1.x over SQLite files, for trials on machines where no
// MongoDB can be had. It is built on the machine, because the FerretDB command cannot be built outside its repository.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// closeWithin bounds a graceful end; WAL makes an abrupt one safe.
const closeWithin = 2 * time.Second

func main() {
	listen := flag.String("listen", "127.0.0.1:27017", "TCP address to listen on")
	data := flag.String("data", "", "existing directory of the SQLite files")
	synchronous := flag.String("synchronous", "normal", "SQLite synchronous pragma: normal or full")
	exitWithStdin := flag.Bool("exit-with-stdin", false, "exit when standard input closes, so that no orphan outlives a killed parent")
	flag.Parse()

	if err := run(*listen, *data, *synchronous, *exitWithStdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(listen, data, synchronous string, exitWithStdin bool) error {
	if synchronous != "normal" && synchronous != "full" {
		return fmt.Errorf("--synchronous must be normal or full, not %q", synchronous)
	}
	dir, err := filepath.Abs(data)
	if err != nil || data == "" {
		return fmt.Errorf("--data must name an existing directory, not %q", data)
	}

	// A trial shares the machine with the service and with Temporal. The limit is soft: it only makes the collector work harder.
	debug.SetMemoryLimit(512 << 20)
	// Measured with 40,000 inserts in batches of 200: 3.6 s of CPU instead of 4.6 s, for 8 MB more.
	debug.SetGCPercent(300)

	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	db, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: listen},
		Logger:    logger,
		Handler:   "sqlite",
		SQLiteURL: directoryURL(dir, synchronous),
	})
	if err != nil {
		return err
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if exitWithStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	go func() {
		<-ctx.Done()
		time.Sleep(closeWithin)
		os.Exit(0)
	}()
	go keepIndexed(ctx, dir, logger)
	go keepLogsShort(ctx, dir, logger)

	return db.Run(ctx)
}

// directoryURL gives every connection a busy timeout and write-ahead logging, and takes the write lock at the start of a
// transaction: one that upgrades from reading fails at once under WAL, whatever the timeout.
func directoryURL(dir, synchronous string) string {
	query := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(wal)", "synchronous(" + synchronous + ")"},
		"_txlock": {"immediate"},
	}
	return (&url.URL{Scheme: "file", Opaque: dir + "/", RawQuery: query.Encode()}).String()
}
