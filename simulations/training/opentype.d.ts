/** The part of opentype.js that the recipe uses; the library brings no types of its own. */
declare module 'opentype.js' {
  export type PathCommand =
    | { readonly type: 'M' | 'L', readonly x: number, readonly y: number }
    | { readonly type: 'Q', readonly x: number, readonly y: number, readonly x1: number, readonly y1: number }
    | { readonly type: 'C', readonly x: number, readonly y: number, readonly x1: number, readonly y1: number, readonly x2: number, readonly y2: number }
    | { readonly type: 'Z' }
  export interface BoundingBox { readonly x1: number, readonly y1: number, readonly x2: number, readonly y2: number }
  export interface Path { readonly commands: readonly PathCommand[], getBoundingBox (): BoundingBox }
  export interface Glyph { getPath (x: number, y: number, size: number): Path }
  export interface Font { charToGlyph (char: string): Glyph }
  export function parse (bytes: ArrayBuffer): Font
  const opentype: { parse: typeof parse }
  export default opentype
}
