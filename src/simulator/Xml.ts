import { Result } from "effect"

/** An element of a document: its name, attributes in the order of writing, and content. */
export interface XmlElement {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: ReadonlyArray<XmlElement>
  /** The character data directly inside, joined. */
  readonly text: string
}

const nameStart = "A-Za-z_:\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D"
const namePattern = `[${nameStart}][${nameStart}\\-.0-9\\u00B7]*`
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u
const declaration =
  /^<\?xml\s+version\s*=\s*("1\.\d"|'1\.\d')(\s+encoding\s*=\s*("[\w.-]+"|'[\w.-]+'))?(\s+standalone\s*=\s*("(yes|no)"|'(yes|no)'))?\s*\?>/
const token = {
  space: /\s*/y,
  open: new RegExp(`<(${namePattern})`, "y"),
  attribute: new RegExp(`\\s+(${namePattern})\\s*=\\s*("([^"<]*)"|'([^'<]*)')`, "y"),
  openEnd: /\s*(\/?)>/y,
  close: new RegExp(`</(${namePattern})\\s*>`, "y"),
  comment: /<!--((?:(?!--)[\s\S])*)-->/y,
  cdata: /<!\[CDATA\[([\s\S]*?)\]\]>/y,
  instruction: new RegExp(`<\\?(?![xX][mM][lL][\\s?])${namePattern}(?:\\s[\\s\\S]*?)?\\?>`, "y"),
  text: /[^<]+/y
}
const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

interface Draft {
  readonly name: string
  readonly attributes: Map<string, string>
  readonly children: Array<XmlElement>
  text: string
}

/** Replaces references; undefined where one is unknown, unfinished, or names a character that XML 1.0 does not allow. */
const unescape = (raw: string): string | undefined => {
  let broken = false
  const text = raw.replace(/&(?:#(\d{1,7});|#x([0-9a-fA-F]{1,6});|([A-Za-z]+);)?/g, (_, decimal, hex, name) => {
    if (typeof name === "string") {
      broken ||= !Object.hasOwn(named, name)
      return named[name] ?? ""
    }
    const code = typeof decimal === "string" ? Number(decimal) : typeof hex === "string" ? Number.parseInt(hex, 16) : -1
    const character = code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\0"
    broken ||= forbidden.test(character)
    return character
  })
  return broken ? undefined : text
}

/**
 * Reads a document strictly by XML 1.0 (fifth edition) as far as a carrier's markup goes: well-formed elements,
 * attributes, character data, CDATA, comments, processing instructions. A document type is refused. The error says what
 * is wrong and at which character.
 */
export const parseXml = (source: string): Result.Result<XmlElement, string> => {
  let at = source.startsWith("\uFEFF") ? 1 : 0
  const stack: Array<Draft> = []
  let root: XmlElement | undefined
  const wrong = (what: string) => Result.fail(`${what} at character ${at}`)
  const eat = (pattern: RegExp) => {
    pattern.lastIndex = at
    const match = pattern.exec(source)
    if (match !== null) at = pattern.lastIndex
    return match
  }

  const bad = forbidden.exec(source.slice(at))
  if (bad !== null) return wrong(`A character that XML does not allow, ${bad.index} characters on,`)
  at += declaration.exec(source.slice(at))?.[0].length ?? 0

  while (at < source.length) {
    const open = stack.at(-1)
    if (eat(token.comment) !== null || eat(token.instruction) !== null) continue

    const cdata = open === undefined ? null : eat(token.cdata)
    if (open !== undefined && cdata !== null) {
      open.text += cdata[1] ?? ""
      continue
    }

    const close = eat(token.close)
    if (close !== null) {
      const element = stack.pop()
      if (element === undefined || element.name !== close[1]) return wrong(`</${close[1]}> closes nothing`)
      const parent = stack.at(-1)
      if (parent === undefined) root = element
      else parent.children.push(element)
      continue
    }

    const start = eat(token.open)
    if (start !== null) {
      if (open === undefined && root !== undefined) return wrong("A second root element")
      const element: Draft = { name: start[1] ?? "", attributes: new Map(), children: [], text: "" }
      for (let match = eat(token.attribute); match !== null; match = eat(token.attribute)) {
        const [, name = "", , double, single] = match
        const value = unescape((double ?? single ?? "").replace(/[\t\n\r]/g, " "))
        if (value === undefined) return wrong(`A bad reference in the attribute ${name}`)
        if (element.attributes.has(name)) return wrong(`The attribute ${name} is there twice`)
        element.attributes.set(name, value)
      }
      const end = eat(token.openEnd)
      if (end === null) return wrong(`The tag <${element.name}> is not closed`)
      if (end[1] === "") stack.push(element)
      else if (open === undefined) root = element
      else open.children.push(element)
      continue
    }

    const text = eat(token.text)
    if (text === null) return wrong("Markup that cannot be read")
    if (open === undefined) {
      if (/\S/.test(text[0])) return wrong("Text outside the root element")
      continue
    }
    const value = text[0].includes("]]>") ? undefined : unescape(text[0])
    if (value === undefined) return wrong("A bad reference in text")
    open.text += value
  }
  if (stack.length > 0) return wrong(`<${stack.at(-1)?.name}> is never closed`)
  return root === undefined ? wrong("No root element") : Result.succeed(root)
}
