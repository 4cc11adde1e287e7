/** The files that pages load. They are the same for everybody, so a process can send them before it is ready. */
import type { ServerResponse } from "node:http";
import { send } from "../http/respond.js";
import { FAVICON, FAVICON_PATH } from "./favicon.js";
import { STYLESHEET, STYLESHEET_PATH } from "./stylesheet.js";

interface Asset {
  type: string;
  text: string;
}

const icon: Asset = { type: "image/svg+xml", text: FAVICON };

export const ASSET_PATHS = [STYLESHEET_PATH, FAVICON_PATH, "/favicon.ico"] as const;

/**
 * Browsers ask for /favicon.ico where no page names an icon, for instance beside a JSON document, and draw an SVG there
 * too.
 */
const assets: Record<(typeof ASSET_PATHS)[number], Asset> = {
  [STYLESHEET_PATH]: { type: "text/css; charset=utf-8", text: STYLESHEET },
  [FAVICON_PATH]: icon,
  "/favicon.ico": icon,
};
const byPath = new Map<string, Asset>(Object.entries(assets));

/** Sends the file of this path. False when there is none. */
export function sendAsset(response: ServerResponse, path: string): boolean {
  const asset = byPath.get(path);
  if (asset) send(response, 200, asset.text, { "content-type": asset.type, "cache-control": "public, max-age=3600" });
  return asset !== undefined;
}
