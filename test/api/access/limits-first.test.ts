/** What is refused by its headers, or by a limit, does not reach the work that the refusal is to save. */
import { once } from "node:events";
import net, { type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ACTS } from "../../../src/api/access/access.js";
import { buildOpenApi } from "../../../src/api/openapi.js";
import { servedRoutes } from "../../../src/api/index.js";
import { createResponseChecks, type ResponseChecks } from "../../../src/api/saml/response/response-checks.js";
import { ROLES } from "../../../src/store/model.js";
import { createBrowser, makeCompany } from "../browser.js";
import { type RunningApi, startApi } from "../running-api.js";

const MIB = 1024 * 1024;
/** What the server may have read of 16 MiB: the buffers of one connection. */
const UNREAD = 512 * 1024;

let api: RunningApi;
let limited: RunningApi;
const keys = new Map<string, string>();
beforeAll(async () => {
  const engines = { temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") };
  api = await startApi({ ...engines, settings: { production: true } });
  limited = await startApi({ ...engines, settings: { production: true, requestsPerSecond: 1 } });
  for (const role of ROLES)
    keys.set(role, (await api.key({ role, ...(role === "consumer" && { groupId: await newGroup() }) })).token);
});
afterAll(async () => {
  await api?.close();
  await limited?.close();
});
const newGroup = async () =>
  String((await api.call("POST", "/v1/groups", { body: { name: "g", grants: [] } })).body["id"]);

interface Sent {
  status: number;
  /** Bytes that the server took off the connection until it was closed. */
  read: number;
  text: string;
}

/** Sends the head and then 16 MiB, however soon the answer comes. */
async function sendMuch({ server, port }: RunningApi, head: string): Promise<Sent> {
  const sockets: Socket[] = [];
  const note = (socket: Socket) => void sockets.push(socket);
  server.on("connection", note);
  const client = net.connect(port, "127.0.0.1");
  client.on("error", () => undefined);
  await once(client, "connect");
  const mine = () => sockets.find(({ remotePort }) => remotePort === client.localPort);
  while (!mine()) await once(server, "connection");
  server.off("connection", note);
  const taken = mine() as Socket;
  client.write(`${head}\r\nhost: x\r\ncontent-length: ${16 * MIB}\r\n\r\n`);
  const chunk = Buffer.alloc(64 * 1024, " ");
  let left = 16 * MIB;
  const pump = (): void => {
    while (left > 0 && client.writable) {
      left -= chunk.length;
      if (!client.write(chunk)) return void client.once("drain", pump);
    }
  };
  pump();
  let text = "";
  while (!/\r\n\r\n[^]*\}$/.test(text)) text += String((await once(client, "data"))[0]);
  const closed = once(taken, "close");
  client.destroy();
  await closed;
  return { status: Number(text.slice(9, 12)), read: taken.bytesRead, text };
}

interface Operation {
  method: string;
  path: string;
  act: string;
}
/** Every operation that takes a body and needs somebody. */
const OPERATIONS: Operation[] = servedRoutes()
  .filter(({ act, method }) => act !== "public" && method !== "get")
  .map(({ act, method, path }) => ({ act, method: method.toUpperCase(), path: path.replaceAll(/\{(\w+)\}/g, "x") }));

test("every route of the document that takes a body is among them", () => {
  const paths = buildOpenApi([...servedRoutes()], "1").paths ?? {};
  const writing = Object.values(paths)
    .flatMap((item) => Object.keys(item as object))
    .filter((method) => ["post", "patch", "delete", "put"].includes(method));
  const open = servedRoutes().filter(({ act, method }) => act === "public" && method !== "get").length;
  expect(OPERATIONS.length + open).toBeGreaterThanOrEqual(writing.length);
  expect(OPERATIONS.length).toBeGreaterThan(40);
});

describe.concurrent.each(OPERATIONS)("$method $path", ({ method, path, act }) => {
  test.each<[string, () => string | undefined, number]>([
    ["without a key", () => undefined, 401],
    ["with a wrong key", () => `sp_key_${"0".repeat(26)}_${"A".repeat(43)}`, 401],
    [
      "outside the role",
      () => keys.get(ROLES.find((role) => !(ACTS[act as keyof typeof ACTS] as readonly string[]).includes(role)) ?? ""),
      403,
    ],
  ])("%s reads no body of 16 MiB", async (name, keyOf, status) => {
    const key = keyOf();
    if (name === "outside the role" && key === undefined)
      return expect(ACTS[act as keyof typeof ACTS]).toHaveLength(ROLES.length);
    const head = [`${method} ${path} HTTP/1.1`, "content-type: application/json"];
    if (key !== undefined) head.push(`authorization: Bearer ${key}`);
    const sent = await sendMuch(api, head.join("\r\n"));
    expect(sent.status).toBe(status);
    expect(sent.read).toBeLessThan(UNREAD);
    expect(sent.text.toLowerCase()).toContain("connection: close");
  });
});

test("a key beyond its limit reads no body of 16 MiB", async () => {
  const { token } = await limited.key({ role: "admin" });
  const post = () =>
    sendMuch(
      limited,
      `POST /codec/decode HTTP/1.1\r\ncontent-type: application/json\r\nauthorization: Bearer ${token}`,
    );
  const posts = await Promise.all([post(), post(), post(), post()]);
  const refused = posts.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThanOrEqual(2);
  for (const { read } of refused) expect(read).toBeLessThan(UNREAD);
});

test("who asks before sending is told at once, and is not asked for the body", async () => {
  const client = net.connect(api.port, "127.0.0.1");
  client.write(
    "POST /codec/decode HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: " +
      "9\r\ncontent-type: application/json\r\n\r\n",
  );
  expect(String((await once(client, "data"))[0])).toMatch(/^HTTP\/1\.1 401 /);
  client.destroy();
  const admin = net.connect(api.port, "127.0.0.1");
  admin.write(
    `POST /v1/apis HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.adminKey}\r\nexpect: ` +
      "100-continue\r\ncontent-length: 18\r\ncontent-type: application/json\r\n\r\n",
  );
  expect(String((await once(admin, "data"))[0])).toMatch(/^HTTP\/1\.1 100 /);
  admin.write('{"name":"waiting"}');
  expect(String((await once(admin, "data"))[0])).toMatch(/^HTTP\/1\.1 201 /);
  admin.destroy();
});

describe("posts to the assertion consumer service", () => {
  let asked = 0;
  let guarded: RunningApi;
  let checks: ResponseChecks;
  beforeAll(async () => {
    checks = createResponseChecks();
    const counting: ResponseChecks = { ...checks, check: (posted) => (asked++, checks.check(posted)) };
    guarded = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      settings: { wrongKeysPerMinute: 3 },
      checks: counting,
    });
  });
  afterAll(async () => {
    await guarded?.close();
    await checks?.close();
  });

  test(
    "beyond the limit, or of nobody's log-in, are neither read nor checked; who began a log-in " + "still gets in",
    async () => {
      const { id } = (
        await guarded.call("POST", "/v1/groups", { body: { name: "g", grants: [], samlGroups: ["staff"] } })
      ).body;
      const company = await makeCompany(guarded, { groupIds: [String(id)] });
      const field = company.idp.respond({ id: "_x", acsUrl: "https://x.example", issuer: "https://x.example" });
      const post = () =>
        createBrowser(guarded.url).submit(
          `/saml/acs/${company.connection.id}`,
          { SAMLResponse: field },
          { accept: "*/*" },
        );
      const statuses = [];
      for (let times = 0; times < 6; times++) statuses.push((await post()).status);
      expect(statuses).toEqual([401, 401, 401, 429, 429, 429]);
      const beyond = await sendMuch(
        guarded,
        `POST /saml/acs/${company.connection.id} HTTP/1.1\r\naccept: */*\r\ncontent-type: ` +
          "application/x-www-form-urlencoded",
      );
      expect(beyond).toMatchObject({ status: 429 });
      expect(beyond.read).toBeLessThan(UNREAD);
      expect(asked).toBe(0);

      const browser = createBrowser(guarded.url);
      expect(await company.logIn(browser, { nameId: "genuine", groups: ["staff"] })).toMatchObject({
        status: 303,
        location: "/portal",
      });
      expect(asked).toBe(1);
      // One log-in is worth a few posts, and no more.
      const hostile = createBrowser(guarded.url);
      const request = await company.begin(hostile);
      const cookies = new Map(hostile.cookies);
      const again = [];
      for (let times = 0; times < 6; times++) {
        for (const [name, value] of cookies) hostile.cookies.set(name, value);
        again.push((await company.finish(hostile, request, { audience: "urn:x" })).status);
      }
      expect(again).toEqual([401, 401, 401, 429, 429, 429]);
      expect(asked).toBe(4);
    },
  );

  test("names of companies are guessed a few times and no more; an id is no guess", async () => {
    const company = await makeCompany(guarded, { name: "Hidden Company" });
    await makeCompany(guarded);
    const visit = (name: string) =>
      createBrowser(guarded.url).get(`/saml/login?connection=${encodeURIComponent(name)}`);
    expect((await visit("hidden company")).status).toBe(303);
    const statuses = [];
    for (const name of ["a", "b", "c", "d", "hidden company"]) statuses.push((await visit(name)).status);
    expect(statuses).toEqual([404, 404, 404, 429, 429]);
    expect((await visit(company.connection.id)).status).toBe(303);
  });
});
