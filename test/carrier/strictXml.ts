import type { XmlElement } from "../../src/carrier/xml.ts"

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

/** What XML 1.0 (section 2.2) allows. */
const isChar = (code: number) =>
  code === 9 ||
  code === 10 ||
  code === 13 ||
  (code >= 0x20 && code <= 0xd7ff) ||
  (code >= 0xe000 && code <= 0xfffd) ||
  code >= 0x10000

/** The character data of `raw`, as a parser gives it; undefined when it is not well-formed. */
const characters = (raw: string, normalize: (text: string) => string): string | undefined => {
  let text = ""
  for (const [whole, reference, plain = ""] of raw.matchAll(/&([^;&]*);|([^&]+)|&/g)) {
    if (whole === "&") return undefined
    if (reference === undefined) {
      if (plain.includes("<") || !Array.from(plain).every((c) => isChar(c.codePointAt(0) ?? 0))) return undefined
      text += normalize(plain)
    } else if (/^#x[0-9a-fA-F]+$/.test(reference)) {
      const code = Number.parseInt(reference.slice(2), 16)
      if (!isChar(code)) return undefined
      text += String.fromCodePoint(code)
    } else {
      const entity = entities[reference]
      if (entity === undefined) return undefined
      text += entity
    }
  }
  return text
}

const lineEnds = (text: string) => text.replace(/\r\n?/g, "\n")
const blanks = (text: string) => lineEnds(text).replace(/[\n\t]/g, " ")

/**
 * Reads what our encoder may write, as strictly as XML 1.0 has it: one root, matching tags, each attribute once, no raw `<` or `&`,
 * legal characters only, line ends and attribute white space normalised. Undefined: not well-formed.
 */
export const parseXml = (document: string): XmlElement | undefined => {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>'
  if (!document.startsWith(declaration)) return undefined
  let rest = document.slice(declaration.length)

  const parseElement = (): XmlElement | undefined => {
    const head = /^<([A-Za-z][A-Za-z0-9]*)((?: [A-Za-z][A-Za-z0-9]*="[^"]*")*)(\/?)>/.exec(rest)
    if (head === null) return undefined
    const [whole, name = "", attributeText = "", empty] = head
    rest = rest.slice(whole.length)
    const attributes: Record<string, string> = {}
    for (const [, key = "", raw = ""] of attributeText.matchAll(/ ([A-Za-z0-9]+)="([^"]*)"/g)) {
      const value = characters(raw, blanks)
      if (value === undefined || key in attributes) return undefined
      attributes[key] = value
    }
    if (empty === "/") return { name, attributes, children: [] }
    const children: Array<XmlElement | string> = []
    while (!rest.startsWith("</")) {
      if (rest.startsWith("<")) {
        const child = parseElement()
        if (child === undefined) return undefined
        children.push(child)
      } else {
        const end = rest.indexOf("<")
        const text = end < 0 ? undefined : characters(rest.slice(0, end), lineEnds)
        if (text === undefined) return undefined
        children.push(text)
        rest = rest.slice(end)
      }
    }
    if (!rest.startsWith(`</${name}>`)) return undefined
    rest = rest.slice(name.length + 3)
    return { name, attributes, children }
  }

  const root = parseElement()
  return rest === "" ? root : undefined
}
