/** Which of several apis the lists show, for everybody but a consumer. */
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { apisQuery, type Me } from "../../api/queries.js";
import { t } from "../../i18n/index.js";

export function ApiSwitch({ me }: { me: Me }) {
  const isConsumer = me.role === "consumer";
  const { api } = useSearch({ strict: false });
  const navigate = useNavigate();
  const { data } = useQuery({ ...apisQuery, enabled: !isConsumer });
  const apis = data?.data ?? [];
  if (isConsumer || apis.length === 0) return null;
  const [only] = apis;
  if (apis.length === 1 && api === undefined) return <span className="quiet">{only?.name}</span>;
  return (
    <select
      aria-label={t("frame.api")}
      value={api ?? ""}
      onChange={({ target }) =>
        void navigate({
          to: ".",
          search: ({ api: _before, cursor: _cursor, ...rest }) => ({
            ...rest,
            ...(target.value && { api: target.value }),
          }),
        })
      }
    >
      <option value="">{t("frame.allApis")}</option>
      {/* What the address names may be further down than the options reach. */}
      {api !== undefined && !apis.some(({ id }) => id === api) && <option value={api}>{api}</option>}
      {apis.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
