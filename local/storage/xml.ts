/** As much XML as S3 speaks: elements with text, no attributes that mean anything. */

export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** One element; `content` that is a list of elements already is joined, anything else is escaped. */
export function element(name: string, content: string | number | boolean | readonly string[]): string {
  const inner = typeof content === 'object' ? content.join('') : escapeText(String(content));
  return `<${name}>${inner}</${name}>`;
}

/** A whole answer of S3. */
export function document(name: string, content: readonly string[]): string {
  const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="${namespace}">${content.join('')}</${name}>`;
}

function escapeText(text: string): string {
  // What XML 1.0 can't hold even escaped is written as a reference all the same, as S3 does: see its `encoding-type`.
  return text
    .replace(/[&<>"]/g, (character) => ESCAPES[character] ?? character)
    .replace(/\p{Cc}/gu, (character) =>
      character === '\t' || character === '\n' ? character : `&#${character.codePointAt(0)};`,
    );
}

function unescapeText(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

const TOKEN = /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([\w:.-]+)((?:\s[^<>]*?)?)(\/?)>|([^<]+)/y;

/**
 * Reads a document. Document types are refused: nothing here needs them, and they can be bombs.
 *
 * @returns undefined where it is not well-formed
 */
export function parseXml(source: string): XmlElement | undefined {
  interface Open {
    name: string;
    text: string;
    children: XmlElement[];
  }
  const root: Open = { name: '', text: '', children: [] };
  const path: Open[] = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const match = TOKEN.exec(source);
    const top = path.at(-1);
    if (!match || !top) return undefined;
    const [, closing, name, , selfClosing, text] = match;
    if (text !== undefined) top.text += unescapeText(text);
    else if (name !== undefined && closing) {
      if (path.length < 2 || top.name !== name) return undefined;
      path.pop();
      path.at(-1)?.children.push(top);
    } else if (name !== undefined && selfClosing) top.children.push({ name, text: '', children: [] });
    else if (name !== undefined) path.push({ name, text: '', children: [] });
  }
  return path.length === 1 && root.children.length === 1 && root.text.trim() === ''
    ? root.children[0]
    : undefined;
}

export function childrenOf(parent: XmlElement, name: string): readonly XmlElement[] {
  return parent.children.filter((child) => child.name === name);
}

export function textOf(parent: XmlElement, name: string): string | undefined {
  return childrenOf(parent, name)[0]?.text;
}
