/** The load generator as a process of its own. */
import { serve } from "./child.js";
import { burst, paced, raw } from "./load.js";

const loadMethods = { burst, paced, raw };
export type LoadMethods = typeof loadMethods;

serve(loadMethods);
