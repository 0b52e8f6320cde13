// Bundles the scripts and the style sheet of the HTML pages: `node build.mjs FOLDER`. The same sources give the same files.
import { build } from "esbuild";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Each bundle and its entry. A page embeds only those that it needs; `shell` is in all of them. */
const BUNDLES = {
  shell: "src/shell/main.ts",
  graph: "src/graph/main.ts",
  charts: "src/charts/main.ts",
};
const STYLE = "src/shell/page.css";
const LICENCES = "THIRD_PARTY.txt";
const MODULES = "node_modules";
/** Dependencies that only the command-line programs of packages use. */
const OF_PROGRAMS = new Set(["yargs"]);

const folder = process.argv[2];
if (folder === undefined) {
  console.error("usage: node build.mjs FOLDER");
  process.exit(2);
}

const common = {
  bundle: true,
  minify: true,
  charset: "ascii",
  legalComments: "none",
  write: false,
  logLevel: "warning",
};
const everyLicence = new Map();

for (const [name, entry] of Object.entries(BUNDLES)) {
  const result = await build({ ...common, entryPoints: [entry], format: "iife", target: "es2022", metafile: true });
  const licences = licencesOf(packagesIn(Object.keys(result.metafile.inputs)));
  for (const [text, packages] of licences) {
    everyLicence.set(text, new Set([...(everyLicence.get(text) ?? []), ...packages]));
  }
  const notice = licences.size === 0 ? "" : `/*!\n${noticeText(licences)}*/\n`;
  writeFileSync(join(folder, `${name}.js`), notice + result.outputFiles[0].text);
}
const style = await build({ ...common, entryPoints: [STYLE], target: ["chrome123", "firefox120", "safari17.5"] });
// One rule a line, so that two changes of the sources can be merged.
writeFileSync(join(folder, "page.css"), style.outputFiles[0].text.replaceAll("}", "}\n"));
writeFileSync(join(folder, LICENCES), noticeText(everyLicence));

/** Returns the names of the packages among bundled files, with all that these depend on. */
function packagesIn(files) {
  const found = new Set();
  const add = (name) => {
    if (found.has(name) || OF_PROGRAMS.has(name) || !existsSync(join(MODULES, name, "package.json"))) return;
    found.add(name);
    Object.keys(manifest(name).dependencies ?? {}).forEach(add);
  };
  for (const file of files) {
    const match = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
    if (match !== null) add(match[1]);
  }
  return [...found].sort();
}

function manifest(name) {
  return JSON.parse(readFileSync(join(MODULES, name, "package.json"), "utf8"));
}

/** Returns the packages of each licence text. Fails for a package without one: what cannot be named is not shipped. */
function licencesOf(packages) {
  const found = new Map();
  for (const name of packages) {
    const file = readdirSync(join(MODULES, name)).find((entry) => /^(licen[cs]e|copying)([.-]|$)/i.test(entry));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    const text = readFileSync(join(MODULES, name, file), "utf8")
      .replaceAll("\r", "")
      .replaceAll("*/", "* /")
      .trim();
    const { version, license } = manifest(name);
    found.set(text, new Set([...(found.get(text) ?? []), `${name} ${version} (${license})`]));
  }
  return found;
}

function noticeText(licences) {
  const parts = [...licences].map(([text, packages]) => `${[...packages].sort().join(", ")}\n\n${text}\n`);
  return parts.sort().join("\n" + "-".repeat(80) + "\n\n");
}
