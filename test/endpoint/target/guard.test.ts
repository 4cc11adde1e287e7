import { describe, expect, test } from "vitest";
import { createGuard } from "../../../src/endpoint/target/guard.js";
import { stubResolver } from "../../support/resolver.js";

type Expected = { host: string } | string;

const URLS: [string, Expected][] = [
  ["https://example.com/hook", { host: "example.com" }],
  ["https://example.com./hook", { host: "example.com" }],
  ["https://93.184.215.14/hook", { host: "93.184.215.14" }],
  ["http://example.com/hook", "scheme"],
  ["file:///etc/passwd", "scheme"],
  ["javascript:alert(1)", "scheme"],
  ["unix:///var/run/docker.sock", "scheme"],
  ["example.com/hook", "unparsable"],
  ["https:example.com", "not_canonical"],
  ["https://user:pass@example.com/", "userinfo"],
  ["https://127.0.0.1@example.com/", "userinfo"],
  ["https://example.com\\@127.0.0.1/", "control_characters"],
  ["https://127.0.0.1/", "address_not_public"],
  ["https://127.0.1/", "address_not_public"],
  ["https://2130706433/", "address_not_public"],
  ["https://0x7f.0.0.1/", "address_not_public"],
  ["https://0177.0.0.1/", "address_not_public"],
  ["https://017700000001/", "address_not_public"],
  ["https://0/", "address_not_public"],
  ["https://00000000000/", "address_not_public"],
  ["https://4294967296/", "unparsable"],
  ["https://localhost/", "host_single_label"],
  ["https://foo.localhost/", "host_special_domain"],
  ["https://metadata.google.internal/", "host_special_domain"],
  ["https://kubernetes.default.svc/", "host_special_domain"],
  ["https://169.254.169.254/latest/meta-data/", "address_not_public"],
  ["https://0xa9fea9fe/", "address_not_public"],
  ["https://100.100.100.200/", "address_not_public"],
  ["https://168.63.129.16/", "address_not_public"],
  ["https://[fd20:ce::254]/", "address_not_public"],
  ["https://172.16.0.1/", "address_not_public"],
  ["https://172.32.0.1/", { host: "172.32.0.1" }],
  ["https://100.64.0.1/", "address_not_public"],
  ["https://100.128.0.1/", { host: "100.128.0.1" }],
  ["https://192.0.2.1/", "address_not_public"],
  ["https://198.51.100.1/", "address_not_public"],
  ["https://192.88.99.1/", "address_not_public"],
  ["https://239.255.255.250/", "address_not_public"],
  ["https://255.255.255.255/", "address_not_public"],
  ["https://[::1]/", "address_not_public"],
  ["https://[::ffff:127.0.0.1]/", "address_not_public"],
  ["https://[::ffff:8.8.8.8]/", "address_not_public"],
  ["https://[::ffff:0:127.0.0.1]/", "address_not_public"],
  ["https://[64:ff9b::a9fe:a9fe]/", "address_not_public"],
  ["https://[64:ff9b:1::a9fe:a9fe]/", "address_not_public"],
  ["https://[2002:a9fe:a9fe::1]/", "address_not_public"],
  ["https://[2001:db8::1]/", "address_not_public"],
  ["https://[5f00::1]/", "address_not_public"],
  ["https://[fc00::1]/", "address_not_public"],
  ["https://[fe80::1]/", "address_not_public"],
  ["https://[fec0::1]/", "address_not_public"],
  ["https://[::1%25lo]/", "unparsable"],
  ["https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/", "address_not_public"],
  ["https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/", "address_not_public"],
  ["https://ex%61mple.com/", { host: "example.com" }],
  ["https://%31%32%37.0.0.1/", "address_not_public"],
  ["https://xn--xample-2of.com/", { host: "xn--xample-2of.com" }],
  ["https://example.com%00.evil.com/", "unparsable"],
  ["https://example.com:22/", "port"],
  ["https://example.com:6379/", "port"],
  ["https://example.com:443:80/", "unparsable"],
  ["https://example..com/", "host_label"],
  ["https://a.b_c.example.com/", { host: "a.b_c.example.com" }],
  ["https://example.com:80/", "port"],
  ["https://example.com/%0d%0aX-Injected:1", { host: "example.com" }],
  ["https://127.0.0.1\t.example.com/", "control_characters"],
  ["https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com/", "host_label"],
  ["https://db.corp/", "host_special_domain"],
  ["https://1.1.1.1.in-addr.arpa/", "host_special_domain"],
  ["https:/example.com/", "not_canonical"],
  ["https:///example.com/", "not_canonical"],
  ["https://@example.com/", "userinfo"],
  ["https://:@example.com/", "userinfo"],
  ["https://example.com/#part", "fragment"],
  ["https://example.com/#", "fragment"],
  ["https://example.com/a b", "control_characters"],
  [" https://example.com/", "control_characters"],
  ["https://example.com/\n", "control_characters"],
  ["https://exam\u00adple.com/", { host: "example.com" }],
  ["HTTPS://EXAMPLE.COM/", { host: "example.com" }],
  ["https://example.com:8443/", { host: "example.com:8443" }],
  ["https://example.com:443/", { host: "example.com" }],
  ["https://example.com:0/", "port"],
  ["https://localhost./", "host_single_label"],
  ["https://intranet/", "host_single_label"],
  ["https://printer.local./", "host_special_domain"],
  ["https://ex(am)ple.com/", "host_label"],
  ["https://[2606:4700::1111]/", { host: "[2606:4700::1111]" }],
  ["https://[2001:0:4136:e378::1]/", "address_not_public"],
  [`https://${"a.".repeat(126)}com/`, "host_label"],
  [`https://example.com/${"a".repeat(2_048)}`, "unparsable"],
  ["", "unparsable"],
];

describe("the text of a URL", () => {
  const guard = createGuard();
  test.each(URLS)("%j: %o", (raw, expected) => {
    const check = guard.checkUrl(raw);
    if (typeof expected !== "string") expect(check).toMatchObject({ ok: true, url: { host: expected.host } });
    else
      expect(check).toMatchObject({
        ok: false,
        code: "target_refused",
        reason: expected,
        explanation: expect.stringMatching(/\.$/) as string,
      });
  });

  test("the ports that may be called are a setting", () => {
    const strict = createGuard({ ports: [443] });
    expect(strict.checkUrl("https://example.com:8443/")).toMatchObject({ reason: "port" });
    expect(createGuard({ ports: [9443] }).checkUrl("https://example.com:9443/").ok).toBe(true);
  });
});

describe("the development switch", () => {
  const guard = createGuard({ allowLocal: true });
  test.each([
    "http://127.0.0.1:9000/hook",
    "http://localhost/",
    "https://receiver:8080/",
    "https://10.1.2.3:22/",
    "http://[::1]:3000/",
    "https://example.com/",
  ])("allows %s", (raw) => {
    expect(guard.checkUrl(raw).ok).toBe(true);
  });
  test.each([
    "http://169.254.169.254/",
    "http://[fd00:ec2::254]/",
    "http://0.0.0.0/",
    "http://[::ffff:169.254.169.254]/",
    "http://224.0.0.1/",
    "ftp://localhost/",
    "http://user@localhost/",
    "http://localhost/#x",
    "http:\\\\localhost",
  ])("still refuses %s", (raw) => {
    expect(guard.checkUrl(raw).ok).toBe(false);
  });
});

describe("origins that are always allowed", () => {
  const guard = createGuard({ alwaysAllowedOrigins: ["http://127.0.0.1:9000"] });
  test("are those and no others", async () => {
    expect(guard.checkUrl("http://127.0.0.1:9000/demo?x=1").ok).toBe(true);
    expect(await guard.refuseTarget("http://127.0.0.1:9000/demo")).toBeUndefined();
    for (const other of [
      "http://127.0.0.1:9001/",
      "https://127.0.0.1:9000/",
      "http://localhost:9000/",
      "http://127.0.0.2:9000/",
    ])
      expect(guard.checkUrl(other).ok).toBe(false);
    expect(guard.checkUrl("http://user@127.0.0.1:9000/")).toMatchObject({ reason: "userinfo" });
  });
});

describe("refuseTarget", () => {
  const guard = createGuard({
    resolve: stubResolver({
      "ok.example.com": [["93.184.215.14"]],
      "inside.example.com": [["10.20.30.40"]],
      "gone.example.com": [{ code: "ENOTFOUND" }],
    }).resolve,
  });
  test("gives nothing for a public endpoint and a reason for every other", async () => {
    expect(await guard.refuseTarget("https://ok.example.com/hook")).toBeUndefined();
    expect(await guard.refuseTarget("https://gone.example.com/hook")).toBe(
      "The host name does not resolve to any address.",
    );
    expect(await guard.refuseTarget("http://ok.example.com/hook")).toBe("The URL must begin with https://.");
  });
  test("never names the internal address", async () => {
    const reason = await guard.refuseTarget("https://inside.example.com/hook");
    expect(reason).toBe("The host name resolves to an address that is not public.");
  });
});
