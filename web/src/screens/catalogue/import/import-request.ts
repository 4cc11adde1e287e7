/** The call of the API's import: the document goes as it is. */
import { api, ask, type Schemas } from "../../../api/client.js";

export type Imported = Schemas["Import"];

export interface ImportRequest {
  apiId: string;
  document: string;
  perspective: "provider" | "consumer";
  strict: boolean;
}

/** JSON begins with a brace. Everything else is read as YAML. */
export const mediaTypeOf = (document: string): "application/json" | "application/yaml" =>
  /^\s*\{/.test(document) ? "application/json" : "application/yaml";

/** @param mark of the dry run that was shown. Without it this is the dry run. @throws ProblemError */
export const importDocument = ({ apiId, document, perspective, strict }: ImportRequest, mark?: string) =>
  ask(
    api.POST("/v1/apis/{id}/import", {
      params: {
        path: { id: apiId },
        query: {
          perspective,
          ...(strict && { strict: "true" }),
          ...(mark === undefined ? { dryRun: "true" } : { mark }),
        },
      },
      body: document,
      bodySerializer: String,
      headers: { "content-type": mediaTypeOf(document) },
    }),
  );
