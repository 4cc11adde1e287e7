/** Which events are wanted, each with an example. Then the draft is saved, and its secret shown this once. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, ask } from "../../api/client.js";
import { eventTypesQuery } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { ProblemNotice } from "../../parts/problem-notice.js";
import { SecretOnce } from "../../parts/subscription/secret-once.js";
import { EventTypeChoice } from "../subscription/settings/event-type-choice.js";
import form from "../subscription/subscription.module.css";
import { useChosenGroup } from "./address-step.js";
import { type FirstFields, useFirstFields } from "./drafts.js";
import { ExampleList } from "./example-list.js";

/** A key that no other request has (draft-ietf-httpapi-idempotency-key-header). */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

const save = ({ url, name, types, groupId }: FirstFields, key: string) =>
  ask(
    api.POST("/v1/subscriptions", {
      params: { header: { "Idempotency-Key": key } },
      body: {
        groupId,
        url: url.trim(),
        ...(name.trim() && { name: name.trim() }),
        eventTypes: types,
        initialStatus: "draft",
      },
    }),
  );

export function TypesStep({ made }: { made: (id: string) => void }) {
  const client = useQueryClient();
  const { type } = useSearch({ from: "/subscriptions/new" });
  const [fields, change, drop] = useFirstFields();
  const groupId = useChosenGroup(fields.groupId);
  const types = fields.types.length === 0 && type !== undefined ? [type] : fields.types;
  const [secret, setSecret] = useState<{ id: string; secret: string }>();
  // Pressed twice, or sent again after a connection broke, it makes one subscription.
  const [key, setKey] = useState(newKey);
  const run = useMutation({
    async mutationFn() {
      // Kept by this step alone: what a mutation gives would stay in the cache of the page.
      setSecret(await save({ ...fields, groupId, types }, key));
      // Who comes back without having stored it would make a second one of what was typed.
      drop();
    },
    async onSuccess() {
      await client.invalidateQueries({ queryKey: ["subscriptions"] });
    },
  });
  const choose = (chosen: string[]) => {
    // Another subscription than was asked for before.
    setKey(newKey());
    change({ types: chosen });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run.mutate();
  };
  if (secret) return <Made made={secret} stored={made} />;
  return (
    <form onSubmit={submit} className={form.form}>
      <EventTypeChoice groupId={groupId} chosen={types} change={choose} />
      <p>
        <Link to="/catalogue">{t("create.moreTypes")}</Link>
      </p>
      <Examples types={types} />
      {run.error && <ProblemNotice error={run.error} />}
      <p className="quiet">{t("create.draftHint")}</p>
      <div className="row">
        <button className="button" disabled={types.length === 0 || groupId === "" || run.isPending}>
          {t("create.saveDraft")}
        </button>
        <Link
          from="/subscriptions/new"
          to="."
          search={(before) => ({ ...before, step: "address" })}
          className="button quiet"
        >
          {t("create.back")}
        </Link>
      </div>
    </form>
  );
}

interface MadeProps {
  made: { id: string; secret: string };
  stored: (id: string) => void;
}

function Made({ made: { id, secret }, stored }: MadeProps) {
  return <SecretOnce secret={secret} fileName={`${id}.secret.txt`} goOn={t("create.goOn")} stored={() => stored(id)} />;
}

function Examples({ types }: { types: readonly string[] }) {
  const { data } = useQuery(eventTypesQuery);
  const chosen = data?.data.filter(({ name }) => types.includes(name)) ?? [];
  return chosen.map(({ name, description, examples }) => (
    <ExampleList key={name} name={name} description={description} examples={examples} />
  ));
}
