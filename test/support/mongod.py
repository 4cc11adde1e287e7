"""Stands for a mongod where none can be had: SecantusDB's data and protocol under mongod's command line and rules for replica sets.

The rules are those of MongoDB's manual (replSetInitiate, replSetReconfig, replSetGetConfig, hello): a member without a
configuration takes no writes; one that does not find its own address in its configuration is removed and takes none
either; only a forced reconfiguration is taken by a member that is not primary.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time

if "--version" in sys.argv:
    print("db version v8.0.12")
    sys.exit(0)

from secantus import commands
from secantus.server import SecantusDBServer

WRITES = ("insert", "update", "delete", "findAndModify", "createIndexes")
KNOWN_PARAMETERS = {"shutdownTimeoutMillisForSignaledShutdown"}

# As mongod does: an option that it does not know ends it.
parser = argparse.ArgumentParser(allow_abbrev=False)
parser.add_argument("--bind_ip", required=True)
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--dbpath", required=True)
parser.add_argument("--replSet")
parser.add_argument("--wiredTigerCacheSizeGB", type=float)
parser.add_argument("--oplogSize", type=int)
parser.add_argument("--setParameter", action="append", default=[])
parser.add_argument("--quiet", action="store_true")
options = parser.parse_args()
for parameter in options.setParameter:
    if parameter.split("=")[0] not in KNOWN_PARAMETERS:
        sys.exit(f"Unknown --setParameter '{parameter}'")

ME = f"{options.bind_ip}:{options.port}"
CONFIG = os.path.join(options.dbpath, "replset.json")
ELECTION_SECONDS = 0.3
elected_at = time.monotonic() + ELECTION_SECONDS


def config():
    try:
        with open(CONFIG) as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def keep(new):
    global elected_at
    with open(CONFIG + ".new", "w") as file:
        json.dump(new, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(CONFIG + ".new", CONFIG)
    elected_at = time.monotonic() + ELECTION_SECONDS


def primary():
    if options.replSet is None:
        return True
    current = config()
    return current is not None and current["members"][0]["host"] == ME and time.monotonic() > elected_at


def failure(code, name, text):
    return {"ok": 0.0, "code": code, "codeName": name, "errmsg": text}


def initiate(doc, _context):
    if options.replSet is None:
        return failure(76, "NoReplicationEnabled", "This node was not started with replication enabled.")
    if config() is not None:
        return failure(23, "AlreadyInitialized", "already initialized")
    new = plain(doc["replSetInitiate"])
    wrong = refusal(new)
    if wrong:
        return wrong
    keep({"version": 1, **new})
    return {"ok": 1.0}


def reconfigure(doc, _context):
    current = config()
    if current is None:
        return failure(94, "NotYetInitialized", "no replset config has been received")
    if not primary() and not doc.get("force"):
        return failure(10107, "NotWritablePrimary", "New config is rejected: replSetReconfig should only be run on a writable PRIMARY")
    new = plain(doc["replSetReconfig"])
    if new["version"] <= current["version"] and not doc.get("force"):
        return failure(103, "NewReplicaSetConfigurationIncompatible", "New and old configurations differ in version")
    wrong = refusal(new)
    if wrong:
        return wrong
    keep(new)
    return {"ok": 1.0}


def refusal(new):
    if new["_id"] != options.replSet:
        return failure(93, "InvalidReplicaSetConfig", "the name of the set differs from the one on the command line")
    if [member["host"] for member in new["members"]] != [ME]:
        return failure(74, "NodeNotFound", f"No host described in new configuration maps to this node: {ME}")
    return None


def plain(document):
    """What JSON can hold; numbers of the protocol's own types become Python's."""
    return json.loads(json.dumps(document, default=int))


def get_config(_doc, _context):
    if options.replSet is None:
        return failure(76, "NoReplicationEnabled", "not running with --replSet")
    current = config()
    if current is None:
        return failure(94, "NotYetInitialized", "no replset config has been received")
    return {"config": current, "ok": 1.0}


inner_hello = commands._HANDLERS["hello"]


def hello(doc, context):
    answer = inner_hello(doc, context)
    if options.replSet is None or primary():
        return answer
    for name in ("setName", "setVersion", "hosts", "primary", "me", "electionId", "passives", "arbiters"):
        answer.pop(name, None)
    return {**answer, "isWritablePrimary": False, "ismaster": False, "secondary": False, "isreplicaset": True, "info": "Does not have a valid replica set config"}


def only_on_primary(inner):
    def handler(doc, context):
        return inner(doc, context) if primary() else failure(10107, "NotWritablePrimary", "not primary")

    return handler


for name in ("hello", "isMaster", "ismaster"):
    commands._HANDLERS[name] = hello
for name in WRITES:
    commands._HANDLERS[name] = only_on_primary(commands._HANDLERS[name])
commands._HANDLERS.update(replSetInitiate=initiate, replSetReconfig=reconfigure, replSetGetConfig=get_config)

server = SecantusDBServer(host=options.bind_ip, port=options.port, storage_path=os.path.join(options.dbpath, "wiredtiger"), replica_set_name=options.replSet, sync_on_commit=True)
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
server.start()
ended.wait()
server.stop()
