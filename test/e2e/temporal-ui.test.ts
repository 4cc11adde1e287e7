/**
 * The runbook's walk in a real browser, through the real embedded Temporal UI: find what is parked, read why, send it
 * again. Pictures of it are made where SEALPOST_TEST_PICTURES says, if it says so. Docs/images holds some of them.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/temporal-ui.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

const PICTURES = process.env["SEALPOST_TEST_PICTURES"];
const REASON = "HTTP 422: The endpoint refused the event.";
/** The UI is a large program, and this machine may be busy. */
const WITHIN = { timeout: 60_000 };

describe.skipIf(!there)("an operator in the Temporal UI", { timeout: 300_000 }, () => {
  let service: Service;
  let receiver: Receiver;
  let chromium: Browser;
  let client: Client;
  let page: Page;
  /** What the browser complained of: a policy that forbids what the UI needs, an answer that it did not expect. */
  const complaints: string[] = [];

  beforeAll(async () => {
    receiver = await startReceiver({
      respond: ({ headers }) =>
        headers["webhook-attempt"] === "1" ? { status: 422, body: '{"error":"unknown customer"}' } : { status: 204 },
    });
    service = await startService();
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const made = async (path: string, body: unknown) => String((await client.post<{ id: string }>(path, body)).body.id);
    const apiId = await made("/v1/apis", { name: "payments" });
    await client.post("/v1/event-types", { name: "payments.invoice.paid", apiId });
    const groupId = await made("/v1/groups", { name: "Acme Bank", grants: [apiId] });
    await client.post("/v1/subscriptions", { groupId, url: receiver.url, eventTypes: ["payments.invoice.paid"] });
    page = await (
      await chromium.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: "light" })
    ).newPage();
    page.setDefaultTimeout(WITHIN.timeout);
    page.on(
      "console",
      (message) =>
        void (
          message.type() === "error" &&
          /Content Security Policy|status of [45]/.test(message.text()) &&
          complaints.push(message.text())
        ),
    );
    page.on("pageerror", ({ message }) => void complaints.push(message));
  }, 300_000);
  afterAll(async () => {
    await client?.close();
    await chromium?.close();
    await receiver?.close();
    await service?.remove();
  });

  async function picture(name: string): Promise<void> {
    if (PICTURES === undefined) return;
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: join(PICTURES, `temporal-ui-${name}.png`), animations: "disabled" });
  }
  const statusesOf = async (eventId: string) => {
    const { body } = await client.get<{ data: { status: string }[] }>(`/v1/deliveries?eventId=${eventId}`);
    return body.data.map(({ status }) => status);
  };
  /** Publishes an event that the receiver refuses, and waits until it is parked. */
  async function parked(): Promise<string> {
    const { body } = await client.post<{ id: string }>("/v1/events", {
      type: "payments.invoice.paid",
      data: { invoice: "A-17", amount: "120.00" },
    });
    await expect.poll(() => statusesOf(body.id), WITHIN).toEqual(["parked"]);
    return body.id;
  }
  async function delivered(eventId: string): Promise<void> {
    await receiver.waitFor(
      (request) => request.headers["webhook-id"] === eventId && request.headers["webhook-attempt"] === "2",
      WITHIN.timeout,
    );
    await expect.poll(() => statusesOf(eventId), WITHIN).toEqual(["delivered"]);
  }
  /**
   * The list of what is parked. Visibility follows a moment later, so it is looked at anew until the workflow is there.
   */
  async function open(eventId: string): Promise<void> {
    const link = page.getByRole("link", { name: /^retries\// }).first();
    await expect
      .poll(
        async () => {
          const query = `\`WebhookStatus\`="parked" AND \`WebhookEventId\`="${eventId}"`;
          await page.goto(`${service.url}/temporal/namespaces/default/workflows?query=${encodeURIComponent(query)}`);
          return link.waitFor({ timeout: 15_000 }).then(
            () => true,
            () => false,
          );
        },
        { timeout: 120_000 },
      )
      .toBe(true);
  }
  async function signal(name: string, input: string | undefined, shown?: string): Promise<void> {
    await page.getByRole("button", { name: "More Actions" }).click();
    await page.getByRole("menuitem", { name: "Send a Signal" }).click();
    // The page has each dialog twice, for wide and for narrow windows.
    const dialog = page.locator("dialog[open]");
    // The list of the signals that the workflow knows. The first button closes the dialog.
    await dialog.locator("#signal-select").waitFor();
    await dialog.getByRole("button").nth(1).click();
    await dialog.getByRole("option", { name }).click();
    if (input !== undefined) {
      await dialog.locator(".cm-content").click();
      await page.keyboard.type(input);
    }
    if (shown !== undefined) await picture(shown);
    await dialog.getByRole("button", { name: "Submit" }).click();
    await expect.poll(() => dialog.count(), WITHIN).toBe(0);
  }

  it("is told at the start where it is, and reaches it there alone", async () => {
    expect(service.log()).toContain(`Temporal UI: ${service.url}/temporal/ (log in as an operator or an admin)`);
    expect(service.log()).not.toMatch(/Temporal UI: http:\/\/127\.0\.0\.1:\d+\/?$/m);
    await page.goto(`${service.url}/temporal/`);
    await page.getByRole("button", { name: /Log in as .*, operator$/ }).click();
    await page.waitForURL(`${service.url}/temporal/**`);
    await page.getByRole("link", { name: "Workflows" }).first().waitFor();
  });

  it("listens on loopback only, with its news and its own log-in off", async () => {
    const { body } = await client.get<{ code: string }>("/temporal/");
    expect(body.code).toBe("forbidden");
    const settings = await page.evaluate(() =>
      fetch("/temporal/api/v1/settings").then((answer) => answer.json() as Promise<Record<string, unknown>>),
    );
    expect(settings).toMatchObject({
      DisableNewsFetch: true,
      Codec: { Endpoint: `${service.url}/codec` },
      WorkflowTerminateDisabled: true,
    });
  });

  it.each<[string, string | undefined]>([
    ["an empty object", "{}"],
    ["no input", undefined],
  ])("finds what is parked, reads why, sends `retry` with %s, and it is delivered", async (what, input) => {
    const eventId = await parked();
    await open(eventId);
    const first = what === "an empty object";
    if (first) await picture("list");
    await page
      .getByRole("link", { name: /^retries\// })
      .first()
      .click();
    // Opened by the codec with the same session.
    await page.getByText('"payments.invoice.paid"').first().waitFor();
    if (first) await picture("workflow");
    await page.getByRole("tab", { name: "User Metadata" }).click();
    const details = page.frameLocator("iframe[src*='render']");
    await expect
      .poll(
        async () =>
          (
            await Promise.all(
              page
                .frames()
                .filter((frame) => frame.url().includes("/temporal/render"))
                .map((frame) => frame.innerText("body").catch(() => "")),
            )
          ).join("\n"),
        WITHIN,
      )
      .toMatch(new RegExp(`payments\\.invoice\\.paid → Acme Bank[^]*${REASON.replaceAll(".", "\\.")}`));
    const [line = ""] = (await details.last().locator("body").innerText()).trim().split("\n");
    expect(line).toContain(`${REASON} Parked`);
    if (first) await picture("current-details");
    await signal("retry", input, first ? "signal" : undefined);
    await delivered(eventId);
    await page.getByText("Completed", { exact: true }).first().waitFor();
    if (first) await picture("delivered");
    expect(complaints).toEqual([]);
  });

  it("asks for the state and cancels a workflow, and what is refused says why", async () => {
    const eventId = await parked();
    await open(eventId);
    await page
      .getByRole("link", { name: /^retries\// })
      .first()
      .click();
    await page.getByRole("tab", { name: "Queries" }).click();
    await page.getByRole("button", { name: /run query/i }).click();
    await page
      .getByText(/"status": "parked"/)
      .first()
      .waitFor();
    await picture("query");
    const id = encodeURIComponent(/workflows\/([^/]+)\//.exec(page.url())?.[1] ?? "").replaceAll("%25", "%");
    const workflow = `/temporal/api/v1/namespaces/default/workflows/${id}`;
    const refused = await page.evaluate(
      (path) =>
        fetch(`${path}/terminate`, { method: "POST", body: "{}" }).then(async (answer) => ({
          status: answer.status,
          text: await answer.text(),
        })),
      workflow,
    );
    expect(refused).toMatchObject({ status: 403, text: expect.stringContaining("Cancel it instead") as string });
    complaints.splice(0);
    await page.getByRole("button", { name: "Request Cancellation" }).click();
    await page.locator("dialog[open]").getByRole("button", { name: "Confirm" }).click();
    await expect
      .poll(
        async () =>
          (await client.get<{ data: { status: string }[] }>(`/v1/deliveries?eventId=${eventId}`)).body.data.map(
            ({ status }) => status,
          ),
        WITHIN,
      )
      .toEqual(["cancelled"]);
    expect(complaints).toEqual([]);
  });

  it("its script reaches nothing else of this origin, not even through a window that it opens", async () => {
    const reached = (path: string) =>
      page.evaluate(
        (at) =>
          fetch(at).then(
            ({ status }) => String(status),
            () => "refused",
          ),
        path,
      );
    expect(await reached("/v1/me")).toBe("refused");
    expect(await reached("/v1/audit")).toBe("refused");
    expect(await reached("/temporal/api/v1/system-info")).toBe("200");
    const opened = await page.evaluate(async () => {
      const other = window.open("/health/live");
      for (let looks = 0; looks < 100; looks++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (!other || other.closed) return "cut";
        try {
          if (other.location.href !== "about:blank")
            return (await (other as unknown as typeof globalThis).fetch("/v1/me")).status;
        } catch {
          return "cut";
        }
      }
      return "never opened";
    });
    expect(opened).toBe("cut");
    complaints.splice(0);
  });

  it("has who looked and who acted on record, and is out when the person logs out", async () => {
    const { body } = await client.get<{ data: { action: string; actor: string }[] }>("/v1/audit?limit=250");
    const actions = body.data.filter(({ actor }) => actor.startsWith("person:")).map(({ action }) => action);
    for (const action of ["temporal.read", "temporal.signal", "temporal.cancel", "codec.decode"])
      expect(actions).toContain(action);
    const other = await page.context().newPage();
    await other.goto(`${service.url}/portal/account`);
    await other.getByRole("button", { name: "Log out", exact: true }).click();
    await other.waitForURL(`${service.url}/logged-out`);
    // The page that is still open may leave for the log-in by itself, which would interrupt a call of its `goto`.
    await other.goto(`${service.url}/temporal/`);
    expect(new URL(other.url()).hostname).toBe("localhost");
  });

  it("is on no other address of this machine", async () => {
    const port = /--ui-port (\d+)/.exec(
      readFileSync(`/proc/${service.pids().temporal}/cmdline`, "utf8").replaceAll("\0", " "),
    )?.[1];
    const listens = (host: string) =>
      new Promise<boolean>((resolve) => {
        const socket = connect({ host, port: Number(port) }, () => resolve(true));
        socket.once("error", () => resolve(false)).once("close", () => socket.destroy());
      });
    expect(await listens("127.0.0.1")).toBe(true);
    expect(await listens("127.0.0.2")).toBe(false);
  });
});
