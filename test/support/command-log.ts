/** A relay in front of a database that notes each command as the server gets it, whichever client sends it. */
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";
import { BSON } from "mongodb";

export interface SentCommand {
  /** Such as `find`. */
  name: string;
  collection: string;
  body: BSON.Document;
}

export interface CommandLog {
  url: string;
  commands: SentCommand[];
  close(): Promise<void>;
}

const HEADER = 16;
/** The operation code of OP_MSG, in which drivers have sent every command since MongoDB 3.6. */
const OP_MSG = 2013;

/** The URL of the answer leads through the relay to this database. */
export async function logCommands(mongodbUrl: string): Promise<CommandLog> {
  const { hostname, port } = new URL(mongodbUrl);
  const commands: SentCommand[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const database = createConnection({ host: hostname, port: Number(port) });
    for (const [one, other] of [
      [client, database],
      [database, client],
    ] as const) {
      sockets.add(one);
      one.on("close", () => other.destroy()).on("error", () => other.destroy());
    }
    database.pipe(client);
    const read = messageReader(commands);
    client.on("data", (bytes: Buffer) => {
      read(bytes);
      database.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `mongodb://127.0.0.1:${own}/?directConnection=true`,
    commands,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function messageReader(commands: SentCommand[]): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    while (rest.length >= HEADER && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0);
      if (rest.readInt32LE(12) === OP_MSG) commands.push(commandOf(rest.subarray(HEADER + 4, length)));
      rest = rest.subarray(length);
    }
  };
}

/** Section kind 0 is the command. Of kind 1 are the documents of a write, under the name of their field. */
function commandOf(sections: Buffer): SentCommand {
  let body: BSON.Document = {};
  for (let at = 0; at < sections.length;) {
    const kind = sections[at++];
    const end = at + sections.readInt32LE(at);
    if (kind === 0) body = { ...BSON.deserialize(sections.subarray(at, end)), ...body };
    else {
      const named = sections.indexOf(0, at + 4);
      const documents: BSON.Document[] = [];
      for (let from = named + 1; from < end; from += sections.readInt32LE(from))
        documents.push(BSON.deserialize(sections.subarray(from, from + sections.readInt32LE(from))));
      body = { ...body, [sections.toString("utf8", at + 4, named)]: documents };
    }
    at = end;
  }
  const [name = ""] = Object.keys(body);
  return { name, collection: String(body[name]), body };
}
