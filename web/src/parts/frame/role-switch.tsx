/** Acting in another of one's roles, and the bar that says so where a role reaches everybody. */
import { useMutation } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { api, ask } from "../../api/client.js";
import { type Me, meQuery, queryClient, type Role } from "../../api/queries.js";
import { t } from "../../i18n/index.js";
import { Icon } from "../icon.js";
import { ProblemNotice } from "../problem-notice.js";
import styles from "./frame.module.css";
import { leavePage } from "./leaving.js";

/** Changes the role for the rest of the session, and forgets what was read in the one before. */
export function useRoleChange() {
  const router = useRouter();
  return useMutation({
    mutationFn: (role: Role) => ask(api.POST("/v1/me/role", { body: { role } })),
    async onSuccess(me) {
      await queryClient.cancelQueries();
      // The frame watches who is logged in, and would not be told of a query that takes the place of a removed one.
      const [own] = meQuery.queryKey;
      queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== own });
      queryClient.setQueryData(meQuery.queryKey, me);
      await router.invalidate();
    },
  });
}

export function RoleSwitch({ me }: { me: Me }) {
  const change = useRoleChange();
  if (me.roles.length < 2) return null;
  return (
    <>
      <select
        aria-label={t("frame.role")}
        value={me.role}
        disabled={change.isPending}
        onChange={({ target }) => {
          const chosen = me.roles.find((role) => role === target.value);
          if (chosen !== undefined) leavePage(() => change.mutate(chosen));
        }}
      >
        {me.roles.map((role) => (
          <option key={role} value={role}>
            {t(`roles.${role}`)}
          </option>
        ))}
      </select>
      {change.error && <ProblemNotice error={change.error} again={() => change.reset()} />}
    </>
  );
}

export function ActingBar({ role }: { role: Role }) {
  if (role !== "admin" && role !== "operator") return null;
  return (
    <div className={styles.acting} role="status">
      <Icon name="stop" />
      {t("frame.acting", { role: t(`roles.${role}`) })}
    </div>
  );
}
