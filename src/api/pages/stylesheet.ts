/**
 * The one stylesheet of the pages: the reader's own fonts, light and dark by the reader's setting, nothing loaded from
 * elsewhere.
 */
export const STYLESHEET_PATH = "/pages/sealpost.css";

export const STYLESHEET = `:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --card: #ffffff; --line: #d9dde3; --text: #1b2330; --quiet: #566073; --accent: #1f5fbf;
  --on-accent: #ffffff; --bad: #a3262a; --bad-ground: #fdf0f0; --code: #eef1f5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161d; --card: #1b212b; --line: #323b49; --text: #e8ecf2; --quiet: #a3adbd;
    --accent: #7fb0ff; --on-accent: #0d1420; --bad: #ff9d9d; --bad-ground: #33201f; --code: #262e3a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; background: var(--ground);
  color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
header, main, footer { width: 100%; max-width: 44rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; align-items: baseline; gap: 1rem; padding-top: 1.5rem; padding-bottom: 1rem; }
.brand { font-weight: 700; letter-spacing: 0.01em; font-size: 1.125rem; color: var(--text); text-decoration: none; }
header nav { margin-left: auto; display: flex; gap: 1.25rem; }
main { flex: 1; }
footer { padding-top: 1.5rem; padding-bottom: 1.5rem; color: var(--quiet); font-size: 0.875rem; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.5rem;
  margin-bottom: 1.25rem;
}
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 0.5rem; }
h2 { font-size: 1.0625rem; margin: 0 0 0.75rem; }
p { margin: 0 0 1rem; }
.card > :last-child, form > :last-child { margin-bottom: 0; }
.quiet { color: var(--quiet); }
.small { font-size: 0.875rem; }
a { color: var(--accent); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.5rem 1.5rem; margin: 0 0 1rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
ul { margin: 0 0 1rem; padding-left: 1.25rem; }
dd > ul { margin: 0; }
dl.wide { grid-template-columns: 1fr; gap: 0; }
dl.wide dd { margin: 0.125rem 0 1rem; }
dt:target { background: var(--code); outline: 3px solid var(--code); }
code {
  font: 0.875em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; background: var(--code);
  border-radius: 4px; padding: 0.1em 0.35em; overflow-wrap: anywhere;
}
label { display: block; font-weight: 600; margin-bottom: 0.375rem; }
input, select, button { font: inherit; color: inherit; }
input, select {
  width: 100%; padding: 0.5rem 0.75rem; background: var(--card); border: 1px solid var(--quiet);
  border-radius: 6px;
}
input, select, button, .button { min-height: 2.75rem; }
button, .button {
  display: inline-block; padding: 0.5rem 1rem; border: 1px solid var(--accent); border-radius: 6px;
  background: var(--accent); color: var(--on-accent); font-weight: 600; text-decoration: none;
  cursor: pointer;
}
button.plain, .button.plain { background: transparent; color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.row { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: end; }
.row > .grow { flex: 1 1 14rem; }
.row + .row { margin-top: 1.25rem; }
.alert {
  border-left: 4px solid var(--bad); background: var(--bad-ground); padding: 0.75rem 1rem;
  border-radius: 4px; margin-bottom: 1rem;
}
.alert p { margin: 0; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 0.5rem; }
@media (max-width: 32rem) { dl { grid-template-columns: 1fr; gap: 0.125rem; } dd { margin-bottom: 0.5rem; } }
`;
