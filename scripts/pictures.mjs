// Takes the pictures of the portal for README and docs: `npm run docs:pictures`. They come from a real service with the
// trial's own demo, a receiver that is down for a while, and people in the machine's Chromium. It takes some minutes.
// With names (`npm run docs:pictures -- portal-delivery`) only these are written. All walks are done all the same.
// Every other picture of the folder is made small as well, such as those that the tests of the Temporal UI take.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createCertificateAuthority } from "../src/workers/trial/certificates.ts";
import { DEMO_GROUP } from "../src/workers/trial/demo.ts";
import { startChromium } from "../test/support/chromium.ts";
import { createClient } from "../test/support/client.ts";
import { smallPng } from "../test/support/png.ts";
import { startReceiver } from "../test/support/receiver.ts";
import { startService } from "../test/support/service.ts";
import { walkAsConsumer, walkAsOperator, walkAsProvider } from "./picture-walks.mjs";

const IMAGES = fileURLToPath(new URL("../docs/images/", import.meta.url));
/** Wide enough for the tables. */
const VIEW = { width: 1240, height: 780 };
/** So that text can be read where a page shows the picture smaller. */
const SHARPNESS = 1.4;
const WITHIN_MS = 180_000;

const wanted = process.argv.slice(2);
const write = (name, png) => {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const small = smallPng(png);
  writeFileSync(`${IMAGES}${name}.png`, small);
  console.log(`${name}.png, ${Math.round(small.length / 1024)} KiB`);
};

/** A person in a browser of its own, at the trial identity provider logged in, and at `path` afterwards. */
async function visit({ chromium, service }, person, path) {
  const context = await chromium.newContext({
    viewport: VIEW,
    deviceScaleFactor: SHARPNESS,
    timezoneId: "Europe/Berlin",
    locale: "en-GB",
    colorScheme: "light",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WITHIN_MS);
  await page.goto(`${service.url}${path}`);
  await page.getByRole("button", { name: new RegExp(`Log in as .*, ${person}$`) }).click();
  await page.waitForURL(({ href }) => href.startsWith(`${service.url}/portal`));
  return page;
}

/** A picture from the top of the page to the end of `last`, or of the first view. */
async function take(page, name, last) {
  await page.locator("[aria-busy=true]").waitFor({ state: "detached" });
  await page.evaluate(() => window.scrollTo(0, 0));
  const box = await last?.boundingBox();
  const height = box ? Math.ceil(box.y + box.height + 16) : VIEW.height;
  if (height > VIEW.height) await page.setViewportSize({ ...VIEW, height });
  const png = await page.screenshot({ animations: "disabled", clip: { x: 0, y: 0, width: VIEW.width, height } });
  await page.setViewportSize(VIEW);
  write(name, png);
}

/** Looks again, each time after this long, until it holds. */
async function until(holds, everyMs = 200) {
  const deadline = Date.now() + WITHIN_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`This did not come true in time: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** What answers a challenge, and is down when it is told to be. */
async function startLedger() {
  const authority = await createCertificateAuthority({ commonName: "Acme authority" });
  const { cert, key } = await authority.issue({ commonName: "localhost", usage: "server" });
  const ledger = { up: true, ca: authority.ca };
  const receiver = await startReceiver({
    tls: { cert, key },
    respond({ body }) {
      if (!ledger.up) return { status: 503, body: "The ledger is being restarted." };
      const challenge = /"challenge":"([\w-]+)"/.exec(body.toString())?.[1];
      return challenge === undefined ? { status: 204 } : { status: 200, body: challenge };
    },
  });
  return Object.assign(ledger, { url: receiver.url, close: () => receiver.close() });
}

/** A client of the API with a key of this role. */
async function clientAs(world, role, limits) {
  const { body } = await world.admin.post("/v1/api-keys", { name: "Carl's integration", role, ...limits });
  return createClient(world.service.url, body.key);
}

const [service, chromium, ledger] = await Promise.all([
  startService({ env: { SEALPOST_DEMO: "1" }, demoTraffic: true }),
  startChromium(),
  startLedger(),
]);
const admin = createClient(service.url, service.adminKey);
try {
  const world = { service, chromium, ledger, admin, until, take };
  world.visit = (person, path) => visit(world, person, path);
  world.consumer = await clientAs(world, "consumer", { groupId: DEMO_GROUP });
  await walkAsConsumer(world);
  await walkAsProvider(world);
  await walkAsOperator(world);
  await world.consumer.close();
} finally {
  await admin.close();
  await chromium.close();
  await ledger.close();
  await service.remove();
}
if (wanted.length === 0)
  for (const file of readdirSync(IMAGES).filter((each) => each.endsWith(".png"))) {
    const png = readFileSync(`${IMAGES}${file}`);
    const small = smallPng(png);
    if (small.length < png.length) writeFileSync(`${IMAGES}${file}`, small);
  }
