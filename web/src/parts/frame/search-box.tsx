/** One box for everything that has an id: it goes there. `/` leads to it. */
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useRef, useState } from "react";
import { mayDo } from "../../api/access.js";
import { useMe } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { useKeys } from "../../keys/keys.js";
import { Icon } from "../icon.js";
import { searchByForm } from "./search-by-form.js";
import styles from "./search-box.module.css";

export function SearchBox() {
  const { role } = useMe();
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  const [nothing, setNothing] = useState(false);
  useKeys({
    "/": (event) => {
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const text = field.current?.value.trim() ?? "";
    const target = searchByForm(text, mayDo(role, "events:read"));
    setNothing(text !== "" && target === undefined);
    if (target) void navigate(target);
  };
  return (
    <search className={styles.search}>
      <form onSubmit={submit} className={styles.form}>
        <Icon name="search" />
        <input
          ref={field}
          type="search"
          aria-label={t("search.label")}
          placeholder={t("search.placeholder")}
          autoComplete="off"
          spellCheck={false}
          maxLength={1_024}
          onChange={() => setNothing(false)}
        />
        <button type="submit" className="unseen">
          {t("search.submit")}
        </button>
      </form>
      <p className={styles.nothing} role="status">
        {nothing && t("search.nothing")}
      </p>
    </search>
  );
}
