import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

export const root = resolve(import.meta.dirname, "../..")

/** Every TypeScript file below a folder of the project, as paths from the project's root. */
export const sourceFiles = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort()

export interface Import {
  readonly from: string
  /** Path from the project's root for relative imports, else the package's name. */
  readonly to: string
  readonly isDynamic: boolean
}

const staticImport = /^\s*(?:import|export)\s(?:[^"';]*?\sfrom\s)?"([^"]+)"/gm
const dynamicImport = /\bimport\("([^"]+)"\)/g

/** What a file imports, read from its text. */
export const importsOf = (file: string): ReadonlyArray<Import> => {
  const text = readFileSync(join(root, file), "utf8").replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, "")
  const resolved = (specifier: string) =>
    specifier.startsWith(".") ? relative(root, resolve(root, dirname(file), specifier)) : specifier
  return [
    ...Array.from(text.matchAll(staticImport), (match) => ({ match, isDynamic: false })),
    ...Array.from(text.matchAll(dynamicImport), (match) => ({ match, isDynamic: true }))
  ].flatMap(({ match, isDynamic }) =>
    match[1] === undefined ? [] : [{ from: file, to: resolved(match[1]), isDynamic }]
  )
}
