/** The zone in which times are shown: of the address when it is shared, else of this device. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { createContext, type ReactNode, useContext } from "react";
import { t } from "../i18n/index.js";
import { isZone, localZone, type Zone } from "./format.js";

const STORED = "sealpost.zone";

/** A list has a hundred times, so the address and the device are asked once for all of them. */
const ZoneContext = createContext<Zone>("UTC");

export function ZoneProvider({ children }: { children: ReactNode }) {
  const { tz } = useSearch({ strict: false });
  return <ZoneContext value={zoneOf(tz)}>{children}</ZoneContext>;
}

function zoneOf(tz: string | undefined): Zone {
  if (tz !== undefined && isZone(tz)) return tz;
  const stored = localStorage.getItem(STORED);
  return stored !== null && isZone(stored) ? stored : localZone();
}

export const useZone = (): Zone => useContext(ZoneContext);

/** The switch. What is chosen goes into the address, so that a link shows the same times to everybody. */
export function ZoneSwitch() {
  const zone = useZone();
  const navigate = useNavigate();
  const local = localZone();
  const choose = (chosen: Zone) => {
    localStorage.setItem(STORED, chosen);
    void navigate({ to: ".", search: (before) => ({ ...before, tz: chosen }), replace: true });
  };
  const others = Intl.supportedValuesOf("timeZone").filter((each) => each !== local && each !== "UTC");
  return (
    <select aria-label={t("frame.zone")} value={zone} onChange={(event) => choose(event.target.value)}>
      {local !== "UTC" && <option value={local}>{t("frame.zoneLocal", { zone: local })}</option>}
      <option value="UTC">{t("frame.zoneUtc")}</option>
      <optgroup label={t("frame.zoneOther")}>
        {others.map((each) => (
          <option key={each} value={each}>
            {each.replaceAll("_", " ")}
          </option>
        ))}
      </optgroup>
    </select>
  );
}
