/** An XML element as data. Attribute values and text may hold anything; they are escaped when encoded. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: ReadonlyArray<XmlElement | string>
}

/** An element. Attributes that are undefined are left out. Names come from code, never from data. */
export const element = (
  name: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  children: ReadonlyArray<XmlElement | string> = []
): XmlElement => {
  const present: Record<string, string> = {}
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) present[key] = value
  return { name, attributes: present, children }
}

/** A whole document in UTF-8. */
export const encodeXml = (root: XmlElement): string => `<?xml version="1.0" encoding="UTF-8"?>${encodeElement(root)}`

const encodeElement = ({ name, attributes, children }: XmlElement): string => {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`)
  const head = `<${name}${written.join("")}`
  if (children.length === 0) return `${head}/>`
  const content = children.map((child) => (typeof child === "string" ? escapeText(child) : encodeElement(child)))
  return `${head}>${content.join("")}</${name}>`
}

/** Every character but those of XML 1.0 (section 2.2, production `Char`). Lone surrogates are among them. */
const illegal = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\n": "&#xA;",
  "\t": "&#x9;",
  "\r": "&#xD;"
}

/** Text content. A carriage return becomes a reference, else a parser would read it as a newline. */
export const escapeText = (text: string): string =>
  text.replace(illegal, "").replace(/[&<>"'\r]/g, (character) => entities[character] ?? character)

/** An attribute's value. White space other than blanks becomes a reference, else a parser would turn it into blanks. */
export const escapeAttribute = (text: string): string =>
  text.replace(illegal, "").replace(/[&<>"'\n\t\r]/g, (character) => entities[character] ?? character)
