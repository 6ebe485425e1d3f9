/**
 * Gray pictures as all of recognition sees them: no colour, no metadata, no file format. Invariant: `data` holds exactly
 * `width × height` bytes, row by row from the top left, without padding.
 */

export interface GrayImage { readonly width: number, readonly height: number, readonly data: Uint8Array }

export const createImage = (width: number, height: number): GrayImage => ({ width, height, data: new Uint8Array(width * height) })

/** True when the picture has pixels and as many as it says. */
export const isImage = ({ width, height, data }: GrayImage): boolean =>
  Number.isSafeInteger(width) && Number.isSafeInteger(height) && width > 0 && height > 0 && data.length === width * height
