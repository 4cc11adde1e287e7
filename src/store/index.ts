/** The store's way in. */
export { connectStore, type MongoStore } from "./mongo-store.js";
