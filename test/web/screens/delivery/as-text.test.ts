/** The copied command does what it says in a real shell, whatever stands in the payload. */
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { asCurl, asHttp } from "../../../../web/src/screens/delivery/as-text.js";

const request = (body: string, encoding: "utf8" | "base64" = "utf8", headers: Record<string, string> = {}) => ({
  url: "https://hooks.example/in?a=1&b='2'",
  headers: { "webhook-id": "evt_1", "content-type": "application/json", "content-length": "3", ...headers },
  payload: { body, encoding, contentType: "application/json" },
});

/** Runs it in `sh`, where `curl` shows its arguments, a NUL after each, and then what it reads. */
function inShell(command: string): { args: string[]; input: Buffer } {
  const shown = execFileSync("sh", [
    "-c",
    `curl() { printf '%s\\0' "$@"; printf '\\0'; case "$*" in *@-) cat;; esac; }\n${command}`,
  ]);
  const end = shown.indexOf("\0\0");
  return { args: shown.subarray(0, end).toString("utf8").split("\0"), input: shown.subarray(end + 2) };
}

describe("a request as a curl command", () => {
  it.each([
    "{}",
    `it's "quoted" $HOME \`id\` \\ !`,
    "line\nfeed\r\nand tab\t",
    "@/etc/passwd",
    "ä 日本 \u202e",
    "'; rm -rf / #",
  ])("gives the shell the same bytes: %j", (body) => {
    const { args } = inShell(asCurl(request(body)));
    expect(args.at(-2)).toBe(body.startsWith("@") ? "--data-raw" : "--data-binary");
    expect(args.at(-1)).toBe(body);
    expect(args).toContain("https://hooks.example/in?a=1&b='2'");
    expect(args).toContain("webhook-id: evt_1");
    expect(args.join("\n")).not.toContain("content-length");
  });

  it.each([
    ["base64" as const, Buffer.from([0, 1, 255, 39]).toString("base64"), Buffer.from([0, 1, 255, 39])],
    ["utf8" as const, "a\0b", Buffer.from("a\0b")],
  ])("pipes bytes that no argument can hold (%s)", (encoding, body, bytes) => {
    const { args, input } = inShell(asCurl(request(body, encoding)));
    expect(args.at(-1)).toBe("@-");
    expect(input).toEqual(bytes);
  });
});

describe("a request as it stands on the wire", () => {
  it("has the line, the host, the headers, an empty line and the body", () => {
    expect(asHttp({ ...request("{}"), url: "https://hooks.example:8443/in?a=1" })).toBe(
      "POST /in?a=1 HTTP/1.1\r\nhost: hooks.example:8443\r\nwebhook-id: evt_1\r\n" +
        "content-type: application/json\r\ncontent-length: 3\r\n\r\n{}",
    );
  });
});
