/** Of a consumer with several groups: which of them the screens show. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Me } from "../../api/queries.js";
import { t } from "../../i18n/index.js";

export function GroupSwitch({ me }: { me: Me }) {
  const { group } = useSearch({ strict: false });
  const navigate = useNavigate();
  const { groups = [] } = me;
  if (me.role === "consumer" && groups.length > 1)
    return (
      <select
        aria-label={t("frame.group")}
        value={group ?? ""}
        onChange={({ target }) =>
          void navigate({
            to: ".",
            search: ({ group: _before, cursor: _cursor, ...rest }) => ({
              ...rest,
              ...(target.value && { group: target.value }),
            }),
          })
        }
      >
        <option value="">{t("frame.allGroups")}</option>
        {groups.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    );
  const only = me.role === "consumer" ? groups[0] : undefined;
  return only ? <span className="quiet">{only.name}</span> : null;
}
