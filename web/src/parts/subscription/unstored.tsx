/** Asks before a page is left that shows what nobody can show again: by a link, back, a reload, or in another role. */
import { type ShouldBlockFn, useBlocker } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { t } from "../../i18n/index.js";
import { Dialog } from "../dialog.js";
import { askBeforeLeaving } from "../frame/leaving.js";

/** The tools of the frame change these, and the page stays. */
const OF_FRAME = new Set(["tz", "group", "api", "cursor"]);

const ofPage = (search: object): string =>
  JSON.stringify(
    Object.entries(search)
      .filter(([name]) => !OF_FRAME.has(name))
      .sort(),
  );

const leavesPage: ShouldBlockFn = ({ current, next }) =>
  current.pathname !== next.pathname || ofPage(current.search) !== ofPage(next.search);

/** While `isShown`. A reload and a closed tab are asked about by the browser, in its own words. */
export function UnstoredGuard({ isShown }: { isShown: boolean }) {
  const blocker = useBlocker({
    shouldBlockFn: leavesPage,
    enableBeforeUnload: true,
    disabled: !isShown,
    withResolver: true,
  });
  const [act, setAct] = useState<() => void>();
  useEffect(() => (isShown ? askBeforeLeaving((goOn) => setAct(() => goOn)) : undefined), [isShown]);
  if (blocker.status === "blocked") return <Question stay={blocker.reset} leave={blocker.proceed} />;
  if (!act) return null;
  const stay = () => setAct(undefined);
  return (
    <Question
      stay={stay}
      leave={() => {
        stay();
        act();
      }}
    />
  );
}

function Question({ stay, leave }: { stay: () => void; leave: () => void }) {
  return (
    <Dialog asks title={t("secret.leave.title")} close={stay}>
      <p>{t("secret.leave.lost")}</p>
      <p>{t("secret.leave.remedy")}</p>
      <div className="row">
        <button type="button" className="button" onClick={stay}>
          {t("secret.leave.stay")}
        </button>
        <button type="button" className="button quiet" onClick={leave}>
          {t("secret.leave.go")}
        </button>
      </div>
    </Dialog>
  );
}
