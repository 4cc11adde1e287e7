/**
 * Loads the service. Node opens all files at once that a module asks for, and the service has some 600. A process that
 * may open 256 of them ended with EMFILE. So what most others need is loaded first, part by part. With these parts
 * 100 open files are enough.
 */
export async function loadService(): Promise<typeof import("./service.js")> {
  await import("../store/index.js");
  await import("../catalogue/catalogue.js");
  await import("../activities/index.js");
  await import("../api/http/respond.js");
  await import("../api/access/audit.js");
  await import("../api/deliveries/deliveries.js");
  await import("../api/catalogue/event-types.js");
  await import("../api/subscriptions/subscriptions.js");
  await import("../api/index.js");
  return import("./service.js");
}
