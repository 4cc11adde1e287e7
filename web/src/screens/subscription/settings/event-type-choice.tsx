/** Which event types the endpoint gets, out of those that its group is granted. */
import { useQuery } from "@tanstack/react-query";
import { eventTypesQuery, groupsQuery } from "../../../api/queries.js";
import { t } from "../../../i18n/index.js";
import styles from "../subscription.module.css";

interface EventTypeChoiceProps {
  groupId: string;
  chosen: readonly string[];
  change: (chosen: string[]) => void;
}

/** The names of the types that the group is granted, and those that are chosen already. */
function useGrantedTypes(groupId: string, chosen: readonly string[]): string[] {
  const { data: types } = useQuery(eventTypesQuery);
  const { data: groups } = useQuery(groupsQuery);
  const grants = new Set(groups?.data.find(({ id }) => id === groupId)?.grants);
  const granted = (types?.data ?? [])
    .filter(({ name, apiId }) => grants.has(name) || grants.has(apiId))
    .map(({ name }) => name);
  return [...new Set([...granted, ...chosen])].sort();
}

export function EventTypeChoice({ groupId, chosen, change }: EventTypeChoiceProps) {
  const names = useGrantedTypes(groupId, chosen);
  return (
    <div className={styles.types} role="group" aria-label={t("settings.eventTypes")}>
      {names.length === 0 && <p>{t("settings.noTypes")}</p>}
      {names.map((name) => (
        <label key={name} className="row">
          <input
            type="checkbox"
            checked={chosen.includes(name)}
            onChange={({ target }) =>
              change((target.checked ? [...chosen, name] : chosen.filter((each) => each !== name)).sort())
            }
          />
          {name}
        </label>
      ))}
    </div>
  );
}
