/** The store's way in. */
export { CLIENT_OPTIONS } from "./connection.js";
export { connectStore, createStore, type MongoStore } from "./mongo-store.js";
export { createPayloadCodec } from "./payload-codec.js";
