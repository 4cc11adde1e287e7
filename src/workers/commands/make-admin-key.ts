/** `npm run admin-key` prints a new value for SEALPOST_ADMIN_KEY and nothing else. The value is stored nowhere. */
import { newEnvironmentAdminKey } from "../environment-admin-key.js";

process.stdout.write(`${newEnvironmentAdminKey()}\n`);
