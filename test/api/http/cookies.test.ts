import { describe, expect, it } from "vitest";
import {
  clearLoginCookie,
  clearSessionCookie,
  loginCookiesOf,
  sessionTokenOf,
  setLoginCookie,
  setSessionCookie,
} from "../../../src/api/http/cookies.js";

const TOKEN = "A".repeat(43);
const asked = (cookie?: string) => ({ headers: cookie === undefined ? {} : { cookie } });

describe("the session cookie", () => {
  it.each<[string, string | undefined, string | undefined]>([
    ["is read alone", `__Host-sealpost=${TOKEN}`, TOKEN],
    ["is read among others", `a=1; __Host-sealpost=${TOKEN}; b=2`, TOKEN],
    ["is none without a header", undefined, undefined],
    ["is none under another name", `sealpost=${TOKEN}`, undefined],
    ["is none when it is shorter than a token", `__Host-sealpost=${TOKEN.slice(1)}`, undefined],
    ["is none when it is longer than a token", `__Host-sealpost=${TOKEN}A`, undefined],
    ["is none with a character that no token has", `__Host-sealpost=${TOKEN.slice(1)}+`, undefined],
    ["is not taken from the cookie of a log-in", `__Host-sealpost-login-x=${TOKEN}`, undefined],
  ])("%s", (_what, cookie, token) => expect(sessionTokenOf(asked(cookie))).toBe(token));

  it("is for all paths of this host, over https, out of reach of scripts, and not for requests of other sites", () => {
    const attributes = "; Path=/; HttpOnly; Secure; SameSite=Lax";
    expect(setSessionCookie(TOKEN)).toBe(`__Host-sealpost=${TOKEN}${attributes}`);
    expect(clearSessionCookie).toBe(`__Host-sealpost=; Max-Age=0${attributes}`);
  });
});

describe("the cookies of log-ins under way", () => {
  it("are told apart from every other cookie", () => {
    const others = `__Host-sealpost=${TOKEN}; x-__Host-sealpost-login-c=3`;
    expect(loginCookiesOf(asked(`__Host-sealpost-login-a=1; ${others}; __Host-sealpost-login-b=2`))).toEqual([
      ["__Host-sealpost-login-a", "1"],
      ["__Host-sealpost-login-b", "2"],
    ]);
    expect(loginCookiesOf(asked())).toEqual([]);
  });

  it("come with the provider's POST from another site, and end in time", () => {
    const attributes = "; Path=/; HttpOnly; Secure; SameSite=None";
    expect(setLoginCookie("a", "v", 600)).toBe(`__Host-sealpost-login-a=v; Max-Age=600${attributes}`);
    expect(clearLoginCookie("__Host-sealpost-login-a")).toBe(`__Host-sealpost-login-a=; Max-Age=0${attributes}`);
  });
});
