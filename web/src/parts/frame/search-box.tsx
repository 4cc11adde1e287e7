/** One box for everything that has an id: it goes there. `/` leads to it. */
import { useMutation } from "@tanstack/react-query";
import { useLocation, useNavigate, useRouter } from "@tanstack/react-router";
import { type FormEvent, useRef } from "react";
import { mayDo } from "../../api/access.js";
import { api, ask } from "../../api/client.js";
import { problemOf } from "../../api/problem.js";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { numberOf } from "../../i18n/number.js";
import { useKeys } from "../../keys/keys.js";
import { Icon } from "../icon.js";
import { searchByForm } from "./search-by-form.js";
import { SearchResults } from "./search-results.js";
import styles from "./search-box.module.css";

/** What has no form of its own, such as a URL or a workflow's id, is asked for. `at` is where the person was then. */
const search = async ({ text, at }: { text: string; at: string }) => ({
  at,
  text,
  found: (await ask(api.GET("/v1/search", { params: { query: { q: text } } }))).data,
});

/** Goes where a text leads. What was found is there to choose from, if that is more than one thing. */
function useFinding() {
  const { role } = useMe();
  const { history } = useRouter();
  const { href } = useLocation();
  const navigate = useNavigate();
  const run = useMutation({
    mutationFn: search,
    onSuccess({ text, found }) {
      const [first] = found;
      if (first && (found.length === 1 || first.id === text)) history.push(first.href);
    },
  });
  const find = (text: string): void => {
    run.reset();
    const target = searchByForm(text, mayDo(role, "events:read"));
    if (target) void navigate(target);
    else if (text !== "") run.mutate({ text, at: href });
  };
  // Elsewhere it would cover another page.
  const found = run.data?.at === href ? run.data.found : undefined;
  return { find, found, error: run.error, forget: run.reset, go: (to: string) => history.push(to) };
}

const toldOf = (found: readonly unknown[] | undefined): string => {
  if (!found) return "";
  if (found.length === 0) return t("search.nothing");
  return t("search.found", { count: found.length, number: numberOf(found.length) });
};

export function SearchBox() {
  const { find, found, error, forget, go } = useFinding();
  const field = useRef<HTMLInputElement>(null);
  useKeys({
    "/": (event) => {
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    find(field.current?.value.trim() ?? "");
  };
  return (
    <search
      className={styles.search}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !(found || error)) return;
        event.stopPropagation();
        // The browser would empty the field as well.
        event.preventDefault();
        forget();
        field.current?.focus();
      }}
    >
      <form onSubmit={submit} className={styles.form}>
        <Icon name="search" />
        <input
          ref={field}
          type="search"
          aria-label={t("search.label")}
          placeholder={t("search.placeholder")}
          autoComplete="off"
          spellCheck={false}
          maxLength={2_048}
          onChange={forget}
        />
        <button type="submit" className="unseen">
          {t("search.submit")}
        </button>
      </form>
      <p className={found && found.length > 0 ? "unseen" : styles.nothing} role="status">
        {error ? problemOf(error).title : toldOf(found)}
      </p>
      {found && found.length > 0 && <SearchResults found={found} go={go} />}
    </search>
  );
}
