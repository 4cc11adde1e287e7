/**
 * Informational answers (1xx) that nobody asked for. A client must be able to take any of them before the answer, and
 * may ignore it (RFC 9110, 15.2). undici destroys the connection at a 100 (`bad response`, client-h1.js of 7.30). Its
 * parser takes an informational answer with `Connection: close` for the end. So their heads are taken out of what the
 * socket gives. A 101 is left: nobody asked for another protocol, and what follows would not be HTTP.
 */
import type { Socket } from "node:net";

/** Heads of one response. An endpoint that sends more is left to undici, or to the deadline. */
const MAX_SKIPPED_BYTES = 65_536;
/** With what ends the number: 1000 is no informational status, and no status at all. */
const STATUS_LINE = "HTTP/1.1 100 ";
const INFORMATIONAL = /^HTTP\/1\.\d 1(?!01)\d\d[ \r\n]$/;
/** undici's parser (llhttp) also takes RTSP and ICE for HTTP, so a camera's 200 would count as delivered. */
const NOT_HTTP = /^[RI]/;
const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const NOTHING = Buffer.alloc(0);

/**
 * Makes the socket give no such head. They are looked for only where a response begins: behind a request, which is when
 * more bytes have been written than before. Without pipelining a request is written only when the response before it is
 * complete.
 */
export function skipInformational(socket: Socket): void {
  const read = socket.read.bind(socket);
  const heads = new InformationalHeads();
  let written = socket.bytesWritten;
  socket.read = (size?: number): Buffer | null => {
    for (;;) {
      const chunk: unknown = read(size);
      if (!Buffer.isBuffer(chunk)) return null;
      if (socket.bytesWritten !== written) {
        written = socket.bytesWritten;
        heads.expect();
      }
      const begins = heads.expected;
      const given = heads.without(chunk);
      if (given.byteLength === 0) continue;
      if (!begins || !NOT_HTTP.test(given.toString("latin1", 0, 1))) return given;
      socket.destroy(Object.assign(new Error("The answer is not HTTP."), { code: "HPE_INVALID_CONSTANT" }));
      return null;
    }
  };
}

/** Blank lines before a status line say nothing. The parser passes over them too. */
function blankBytesOf(bytes: Buffer): number {
  const first = bytes.findIndex((byte) => byte !== RETURN && byte !== LINE_FEED);
  return first === -1 ? bytes.byteLength : first;
}

/** Where in the heads before an answer the bytes are. A head may come in any number of pieces. */
class InformationalHeads {
  #expected = false;
  /** Within a head that is skipped. */
  #within = false;
  /** The beginning of a status line that does not tell its status yet. */
  #held: Buffer = NOTHING;
  #lineFeeds = 0;
  #skipped = 0;

  /** A response comes next. */
  expect(): void {
    this.#expected = true;
    this.#within = false;
    this.#held = NOTHING;
    this.#skipped = 0;
  }

  /** Whether the next bytes that are given on begin a response. */
  get expected(): boolean {
    return this.#expected;
  }

  /** What of the bytes is to be given on. */
  without(chunk: Buffer): Buffer {
    if (!this.#expected) return chunk;
    let bytes = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = NOTHING;
    while (bytes.byteLength > 0) {
      if (this.#within) {
        bytes = bytes.subarray(this.#skip(bytes));
        continue;
      }
      const blank = blankBytesOf(bytes);
      if (blank > 0 && this.#skipped <= MAX_SKIPPED_BYTES) {
        this.#skipped += blank;
        bytes = bytes.subarray(blank);
        continue;
      }
      const start = bytes.toString("latin1", 0, STATUS_LINE.length);
      if (!INFORMATIONAL.test(start + STATUS_LINE.slice(start.length)) || this.#skipped > MAX_SKIPPED_BYTES) {
        this.#expected = false;
        return bytes;
      }
      if (start.length < STATUS_LINE.length) {
        this.#held = bytes;
        return NOTHING;
      }
      this.#within = true;
      this.#lineFeeds = 0;
    }
    return NOTHING;
  }

  /** How many of the bytes belong to the head. It ends with an empty line. */
  #skip(bytes: Buffer): number {
    for (let at = 0; at < bytes.byteLength; at++) {
      const byte = bytes[at];
      if (byte === LINE_FEED) this.#lineFeeds++;
      else if (byte !== RETURN) this.#lineFeeds = 0;
      if (this.#lineFeeds < 2) continue;
      this.#within = false;
      this.#skipped += at + 1;
      return at + 1;
    }
    this.#skipped += bytes.byteLength;
    return bytes.byteLength;
  }
}
