/** Who did something: by name where it is known, with the id of the audit as its title. */
import { Fragment } from "react";

interface NamedActor {
  id: string;
  name?: string | undefined;
}

export function ActorNames({ actors }: { actors: readonly NamedActor[] }) {
  return actors.map(({ id, name }, index) => (
    <Fragment key={id}>
      {index > 0 && ", "}
      {name === undefined ? id : <span title={id}>{name}</span>}
    </Fragment>
  ));
}
