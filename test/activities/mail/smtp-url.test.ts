import { expect, it } from "vitest";
import { readSmtpUrl } from "../../../src/activities/mail/smtp-url.js";

it.each([
  ["smtp://mail.example.com", { host: "mail.example.com", port: 587, secure: false, plain: false }],
  ["smtps://mail.example.com/", { host: "mail.example.com", port: 465, secure: true, plain: false }],
  [
    "smtp://us%40er:p%3Ass@mail.example.com:2525",
    { host: "mail.example.com", port: 2525, secure: false, plain: false, user: "us@er", password: "p:ss" },
  ],
  ["smtp://127.0.0.1:25?tls=none", { host: "127.0.0.1", port: 25, secure: false, plain: true }],
  ["smtp://[::1]:25?tls=none", { host: "::1", port: 25, secure: false, plain: true }],
])("%s", (url, settings) => {
  expect(readSmtpUrl(url)).toEqual({ ok: true, settings });
});

it.each([
  "",
  "mail.example.com",
  "http://mail.example.com",
  "smtp://",
  "smtp://user:secret@mail.example.com/path",
  "smtp://user:secret@mail.example.com?tls=none",
  "smtps://127.0.0.1?tls=none",
  "smtp://127.0.0.1?tls=maybe",
  "smtp://127.0.0.1?tls=none&tls=none2",
  "smtp://user:secret%E0%A4%A@mail.example.com",
])("refuses %s without repeating it", (url) => {
  const read = readSmtpUrl(url);
  expect(read.ok).toBe(false);
  expect(JSON.stringify(read)).not.toContain("secret");
});
