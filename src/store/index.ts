/** The store's way in. */
export { connectStore, type MongoStore } from "./mongo/mongo-store.js";
export { createPayloadCodec } from "./sealing/payload-codec.js";
