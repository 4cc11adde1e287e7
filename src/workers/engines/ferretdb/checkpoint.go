package main

import (
	"context"
	"database/sql"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

const (
	// longestLog is the size from which a write-ahead log is emptied. SQLite begins it anew by itself only when no reader
	// looks into it. Under steady reads that never comes, and a log grew to 280 MB.
	longestLog = 32 << 20
	// lookEvery bounds how far a log grows meanwhile, some 10 MB a second at most.
	lookEvery = 2 * time.Second
	// waitForReaders is in milliseconds. Writers wait as long, so it is short against a publish's 4.5 s.
	waitForReaders = "500"
)

// keepLogsShort empties the write-ahead logs that have grown, so that they take neither the disk nor the time of readers.
func keepLogsShort(ctx context.Context, dir string, logger *slog.Logger) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		logs, _ := filepath.Glob(filepath.Join(dir, "*.sqlite-wal"))
		for _, log := range logs {
			info, err := os.Stat(log)
			if err != nil || info.Size() < longestLog {
				continue
			}
			if err := emptyLog(ctx, log[:len(log)-len("-wal")]); err != nil {
				// A full disk or a dropped file. What is in the log stays there, and the next look tries again.
				logger.Warn("log not emptied yet", slog.String("file", log), slog.String("error", err.Error()))
			}
		}
	}
}

// emptyLog writes the log into the file and truncates it. If readers hold it for too long, then as much as can be is
// written, and the next look does the rest.
func emptyLog(ctx context.Context, file string) error {
	query := url.Values{"mode": {"rw"}, "_pragma": {"busy_timeout(" + waitForReaders + ")"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: file, RawQuery: query.Encode()}).String())
	if err != nil {
		return err
	}
	defer db.Close()

	var busy, inLog, written int
	return db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &inLog, &written)
}
