"""Three routes of the console as a plain service: FastAPI on uvicorn, over SQLite.

Written as a good engineer does it in an afternoon, and tuned: uvloop and httptools, orjson, WAL, an index for each
question, FTS5 without marks. A commit is on the disk when it is answered, as in the console. Nobody logs in, nothing
is told to anybody who watches, and there is no audit.

usage: console.py PORT DATABASE WORKERS
"""

import os
import sqlite3
import sys
import threading

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

SCHEMA = """
CREATE TABLE IF NOT EXISTS incident (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, site TEXT NOT NULL, place TEXT NOT NULL, camera TEXT,
    camera_name TEXT, zone TEXT, place_name TEXT, violation TEXT NOT NULL, title TEXT NOT NULL, severity TEXT NOT NULL,
    state TEXT NOT NULL, revision INTEGER NOT NULL, opened TEXT NOT NULL, updated TEXT NOT NULL, closed TEXT,
    judgement INTEGER NOT NULL DEFAULT 0, payload BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS of_place ON incident (judgement, place, opened);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (text, content = '', tokenize = 'unicode61 remove_diacritics 2');
"""
TOLD = "id, site, place, camera, camera_name, zone, place_name, violation, title, severity, state, revision, opened, updated, closed, judgement"
NAMES = TOLD.split(", ")
QUEUE = f"""
WITH line AS (SELECT place, COUNT(*) AS incidents, MIN(opened) AS first, MAX(opened) AS newest FROM incident
    WHERE judgement = 0 GROUP BY place ORDER BY newest DESC LIMIT 50)
SELECT incidents, first, {", ".join("i." + name for name in NAMES)} FROM line
JOIN incident i ON i.judgement = 0 AND i.place = line.place AND i.opened = line.newest
GROUP BY line.place ORDER BY line.newest DESC"""
SEARCH = f"""
SELECT {", ".join("i." + name for name in NAMES)} FROM words CROSS JOIN incident i ON i.key = words.rowid
WHERE words MATCH ? AND i.judgement = 0 ORDER BY words.rowid DESC LIMIT 50"""
TAKE = """INSERT INTO incident (id, site, place, camera, camera_name, zone, place_name, violation, title, severity,
    state, revision, opened, updated, closed, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, state = excluded.state, severity = excluded.severity,
    updated = excluded.updated, closed = excluded.closed, payload = excluded.payload
    WHERE excluded.revision > revision RETURNING key, revision"""

app = FastAPI(openapi_url=None)
here = threading.local()
writing = threading.Lock()


def database():
    if not hasattr(here, "db"):
        here.db = sqlite3.connect(os.environ["CONSOLE_DB"], timeout=30, isolation_level=None)
        here.db.execute("PRAGMA journal_mode = WAL")
        here.db.execute("PRAGMA synchronous = FULL")
        here.db.execute("PRAGMA cache_size = -8192")
    return here.db


def answer(value, status=200):
    return Response(orjson.dumps(value), status, media_type="application/json")


@app.post("/incidents")
async def take(request: Request):
    event = orjson.loads(await request.body())
    # A commit waits for the disk: on another thread.
    return await run_in_threadpool(keep, event)


def keep(event):
    told = event["data"]
    site = event["source"].split("/")[1]
    place = "/".join([site, told["camera"] or "-", told["zone"] or "-"])
    names = ["camera", "camera_name", "zone", "place"]
    later = ["title", "severity", "state", "revision", "opened", "updated", "closed"]
    row = [told["incident"], site, place, *(told[name] for name in names), event["subject"]]
    row += [*(told[name] for name in later), orjson.dumps(told)]
    words = " ".join(filter(None, [told["title"], event["subject"], told["rule"], told["incident"], site, *row[3:7]]))
    db = database()
    with writing:
        db.execute("BEGIN IMMEDIATE")
        taken = db.execute(TAKE, row).fetchone()
        if taken and db.execute("SELECT 1 FROM words WHERE rowid = ?", [taken[0]]).fetchone() is None:
            db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", [taken[0], words])
        db.execute("COMMIT")
    return answer({"taken": taken is not None}, 201)


@app.get("/queue")
async def queue():
    rows = database().execute(QUEUE).fetchall()
    lines = [{"incidents": row[0], "first": row[1], "newest": dict(zip(NAMES, row[2:]))} for row in rows]
    return answer({"lines": lines})


@app.get("/search")
async def search(q: str):
    words = " ".join('"' + word.replace('"', "") + '"' for word in q.split()) + "*"
    rows = database().execute(SEARCH, [words]).fetchall()
    return answer({"incidents": [dict(zip(NAMES, row)) for row in rows]})


def main():
    port, path, workers = sys.argv[1:]
    os.environ["CONSOLE_DB"] = path
    with sqlite3.connect(path) as db:
        db.executescript(SCHEMA)
    uvicorn.run(
        "console:app", host="127.0.0.1", port=int(port), workers=int(workers), loop="uvloop", http="httptools",
        access_log=False, log_level="warning", app_dir=os.path.dirname(os.path.abspath(__file__)),
    )


if __name__ == "__main__":
    main()
