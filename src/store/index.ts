/** The store's way in. */
export { connectStore, type MongoStore } from "./mongo-store.js";
export { createPayloadCodec } from "./payload-codec.js";
