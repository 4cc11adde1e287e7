/** `GET /v1/settings`: what this process was started with. It tells an operator's mistake, and no secret. */
import { z } from "zod";
import { type ApiRoute, ok, type RequestContext, route } from "./route.js";

const settingView = z.object({
  name: z.string(),
  value: z
    .string()
    .optional()
    .meta({
      description: "As text. Absent for a secret, and where there is no value. A URL is without user and password",
    }),
  isSet: z.boolean().meta({ description: "It was set. Otherwise the default is in force" }),
  isSecret: z.boolean(),
  meaning: z.string(),
});

export const settingsRoute: ApiRoute = route({
  method: "get",
  path: "/v1/settings",
  operationId: "listSettings",
  tag: "Administration",
  act: "settings:read",
  summary: "The settings in force, without secrets",
  description:
    "Of the process that answers. Settings come from the environment, so they change with a new start alone. The " +
    "reference of settings says what each one takes.",
  response: {
    status: 200,
    description: "All settings, in the order of the reference",
    schema: z.object({ version: z.string(), data: z.array(settingView) }).meta({ id: "SettingsInForce" }),
  },
  handle: async ({ dependencies: { settings } }: RequestContext<"settings">) =>
    ok({ version: settings.version, data: [...(settings.inForce ?? [])] }),
});
