/**
 * What the plates of each European country look like, as data: the order of letters and digits by series, what stands
 * between them, the band, the colours and the shape of the letters. Facts only; how they are drawn is in `plate.ts`.
 *
 * Patterns: `A` a letter that the country uses, `0` a digit, `1` a digit from 1 on, `@` a regional code, `=X` the letter X
 * itself; drawn but no part of the text: a space, `-`, `.`, `*` the country's seal or arms; `|` begins the second line.
 */
import type { StyleName } from './plate-styles.ts'

export type Ground = 'white' | 'yellow' | 'black' | 'green' | 'blue' | 'red'
export type Ink = 'black' | 'white' | 'red' | 'blue' | 'green'
export type Seal = 'seals' | 'crest' | 'cross' | 'dot' | 'vignette' | 'checkers'

export interface Series {
  readonly pattern: string
  readonly weight?: number
  readonly ground?: Ground
  readonly ink?: Ink
}

export interface Look {
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  /** What the band says; empty where plates have none. */
  readonly label: string
  /** Likelihood of a band; plates without one are older or for the owner to choose. */
  readonly banded: number
  readonly style: StyleName
  /** Letters of plates from before the present style, still on the road. */
  readonly olderStyle?: StyleName
  readonly letters: string
  readonly regions: readonly string[]
  readonly ground: readonly Ground[]
  readonly ink: Ink
  readonly seal: Seal
  /** What stands at the right edge and is no part of the text. */
  readonly right: 'none' | 'department' | 'year' | 'date' | 'plain'
  /** `stars` of the Union or a `flag` in the band. */
  readonly emblem: 'stars' | 'flag'
  /** Lines in the country's colour above and below, or around. */
  readonly rim: 'plain' | 'coloured' | 'none'
  /** Small words above the text. */
  readonly heading: boolean
  readonly series: readonly Series[]
}

const ALL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
/** Letters that look alike in Latin and Cyrillic. */
const SHARED = 'ABEKMHOPCTYX'

const series = (...texts: readonly (string | Series)[]): Series[] => texts.map(text => typeof text === 'string' ? { pattern: text } : text)
const look = (country: string, style: StyleName, patterns: readonly Series[], more: Partial<Look> = {}): Look => ({
  country, style, series: patterns, label: country, banded: 0.85, letters: ALL, regions: [], ground: ['white'], ink: 'black', seal: 'dot', right: 'none', emblem: 'stars', rim: 'plain', heading: false, ...more
})
const times = (weight: number, pattern: string, ground?: Ground, ink?: Ink): Series =>
  ({ pattern, weight, ...(ground === undefined ? {} : { ground }), ...(ink === undefined ? {} : { ink }) })

export const LOOKS: readonly Look[] = [
  look('LT', 'baltic', series(times(5, 'AAA 000'), times(3, 'AAA*000'), times(2, 'AA 000'), '=EA 0000', '=T 00000', '=H 00000', '=P 00000', '000 000', times(3, 'AAA|000'), times(2, 'AA|000'), '000|AA', '00|AAA'), { banded: 0.92, letters: 'ABCDEFGHIJKLMNOPRSTUVYZ' }),
  look('LV', 'baltic', series(times(6, 'AA-1000'), times(3, 'AA-100'), times(2, 'AA-10'), 'AA-1', times(2, 'A-1000'), 'A-100', '=E=X-100', '=L=A-1000', '=C=D-1000', 'AAAAAA', 'AAAA', times(3, 'AA|1000'), times(2, 'AA-|1000'), times(2, 'AA|100'), 'A|1000'), { banded: 0.92 }),
  look('EE', 'baltic', series(times(6, '000 AAA'), times(2, '00 AAA'), '000AAA', times(2, '000|AAA'), times(2, '00|AAA')), { label: 'EST', banded: 0.92 }),
  look('SE', 'nordic', series(times(3, 'AAA 000'), times(3, 'AAA*000'), times(3, 'AAA 00A'), times(2, 'AAA|000'), 'AAA|00A', 'AAAAA'), { label: 'S', banded: 0.75, seal: 'vignette', letters: 'ABCDEFGHJKLMNOPRSTUWXYZ' }),
  look('FI', 'nordic', series(times(5, 'AAA-100'), times(2, 'AAA-10'), 'AA-100', 'AA-10', 'AAA-1', times(2, 'AAA|100'), 'AA|100', times(2, 'AAA-|10')), { label: 'FIN', banded: 0.7, letters: ALL + 'ÄÖ' }),
  look('DK', 'nordic', series(times(5, 'AA 00 000'), times(2, 'AA 00|000'), times(2, 'AA|00 000'), times(1, 'AA 00 000', 'yellow')), { banded: 0.5, rim: 'coloured' }),
  look('NO', 'nordic', series(times(5, 'AA 00000'), times(1, 'AA 00000', 'green'), times(3, 'AA|00000'), times(2, 'AA|0000')), { label: 'N', banded: 0.6, emblem: 'flag' }),
  look('IS', 'nordic', series(times(3, 'AA*000'), times(3, 'AAA 00'), 'AA A00', 'AA|000', 'AAA|00'), { banded: 0.5, ink: 'blue', emblem: 'flag' }),
  look('PL', 'polish', series(times(3, 'AA 00000'), times(2, 'AA 0000A'), times(2, 'AA 000AA'), 'AA 0A000', 'AA 00A00', times(2, 'AAA 0000'), times(2, 'AAA 00AA'), 'AAA A000', 'AAA AA00', 'AAA 00000', 'AAA 0A00', times(2, 'AA|00000'), times(2, 'AAA|0000'), 'AA|0000A', 'AAA|00AA'), { banded: 0.92, letters: 'ABCDEFGHJKLMNOPRSTUVWXYZ' }),
  look('DE', 'forgeryProof', series(times(4, '@*A 1000'), times(4, '@*AA 100'), times(3, '@*AA 1000'), times(2, '@*A 100'), '@*AA 10', '@*A 10', '@*AA 1', '@*A 100=E', '@*AA 10=H', times(2, '@*|A 1000'), times(3, '@*|AA 100'), times(2, '@|*AA 10'), times(1, '@*1000', 'white', 'green')), {
    label: 'D', olderStyle: 'din', banded: 0.9, seal: 'seals', letters: ALL,
    regions: ['B', 'M', 'K', 'HH', 'F', 'S', 'D', 'DO', 'E', 'HB', 'L', 'H', 'N', 'DU', 'BO', 'W', 'BI', 'BN', 'MS', 'KA', 'MA', 'A', 'WI', 'GE', 'MG', 'BS', 'KI', 'C', 'MD', 'HAL', 'FR', 'OB', 'HL', 'EF', 'ROS', 'MZ', 'KS', 'HA', 'SB', 'PM', 'LU', 'OL', 'OS', 'LEV', 'HD', 'DA', 'PB', 'R', 'IN', 'WÜ', 'FÜ', 'LÖ', 'TÜ', 'GÖ', 'BÜS', 'KÜN', 'PLÖ', 'MÜ', 'SÜW', 'DÜW', 'LÜN', 'TÖL', 'ZW', 'RE', 'WES', 'HSK', 'SHG', 'OHZ', 'BIT', 'CE', 'ERH', 'WAF', 'KLE', 'VIE', 'NE', 'ME', 'GL', 'SU', 'AC', 'DN', 'EU', 'BM', 'GM', 'SI', 'UN', 'SO', 'LIP', 'GT', 'HF', 'MI', 'NRW', 'THW', 'BWL', 'LDK', 'GI', 'MR', 'FD', 'ESW', 'WM', 'GAP', 'STA', 'FFB', 'EBE', 'ED', 'FS', 'PAF', 'ND', 'DON', 'NU', 'GZ', 'MN', 'OAL', 'LI', 'RV', 'FN', 'KN', 'VS', 'RW', 'BL', 'FDS', 'CW', 'PF', 'ES', 'BB', 'LB', 'WN', 'HN', 'SHA', 'TBB', 'MOS', 'KÖT', 'JÜL', 'RÜD']
  }),
  look('AT', 'austrian', series(times(3, '@*100AA'), times(3, '@*1000A'), times(2, '@*10AAA'), times(2, '@*10000A'), '@ 100AA', times(2, '@*|100AA'), '@*|10AA', '@*|1000A'), { label: 'A', banded: 0.85, seal: 'crest', rim: 'coloured', regions: ['W', 'G', 'L', 'S', 'I', 'K', 'P', 'E', 'BN', 'GU', 'KI', 'FR', 'WB', 'AM', 'BP', 'HO', 'IL', 'KU', 'LL', 'WL', 'SZ', 'ZE', 'VI', 'VK', 'LA', 'HA', 'GF', 'DO', 'FK', 'BR', 'WU', 'MD', 'TU', 'KR', 'WT', 'ZT', 'ND', 'JO', 'SL', 'UU', 'RO', 'SD', 'GR', 'VB', 'LB', 'DL', 'WZ', 'HF', 'FF', 'LI', 'LE', 'MZ', 'BM'] }),
  look('CH', 'swiss', series(times(5, '*@ 100000'), '*@ 10000*', times(2, '@.100000'), '@ 10000', '@ 1000', times(4, '@*|100000'), times(3, '*@*|10000'), '@*|1000'), { label: 'CH', banded: 0.04, seal: 'cross', regions: ['ZH', 'BE', 'LU', 'UR', 'SZ', 'OW', 'NW', 'GL', 'ZG', 'FR', 'SO', 'BS', 'BL', 'SH', 'AR', 'AI', 'SG', 'GR', 'AG', 'TG', 'TI', 'VD', 'VS', 'NE', 'GE', 'JU'] }),
  look('LI', 'swiss', series(times(3, '=F=L*10000'), '=F=L*1000', '=F=L|10000'), { banded: 0, seal: 'crest', ground: ['black'] }),
  look('FR', 'french', series(times(8, 'AA-000-AA'), times(2, '1000 AA 00'), times(2, '100 AAA 00'), '100 AA 00', times(3, 'AA-|000-AA'), 'AA|000 AA', '100 AAA|00'), { label: 'F', banded: 0.85, right: 'department', ground: ['white', 'white', 'white', 'yellow'] }),
  look('MC', 'french', series('0000', 'A000', '*000A'), { banded: 0.3, seal: 'crest', ink: 'blue' }),
  look('BE', 'belgian', series(times(5, '1-AAA-000'), times(3, 'AAA-000'), times(2, '000-AAA'), times(3, '1*AAA-000'), '=C=D-AA000', times(3, '1-AAA|000'), times(1, '1*AAA|000')), { label: 'B', banded: 0.75, ink: 'red' }),
  look('NL', 'dutch', series('AA-00-00', '00-00-AA', times(2, '00-AA-AA'), times(2, 'AA-AA-00'), times(2, '00-AAA-0'), times(2, '0-AAA-00'), 'AA-000-A', 'A-000-AA', 'AAA-00-A', 'A-00-AAA', '00-AA-00', '00-|AA-AA', '00|AAA-0', 'AA|00-AA', 'AA-|AA-00', '0-A|AA-00'), { banded: 0.8, ground: ['yellow'], letters: 'ABDFGHJKLNPRSTVWXZ' }),
  look('LU', 'belgian', series(times(6, 'AA 0000'), '00000', '0000', times(2, 'AA|0000')), { label: 'L', banded: 0.95, ground: ['yellow'] }),
  look('GB', 'british', series(times(6, 'AA00 AAA'), times(2, 'A100 AAA'), 'A10 AAA', 'A1 AAA', 'AAA 100A', 'AAA 10A', 'AAA 100', 'AA=Z 1000', times(1, 'AAA 100A', 'black'), times(3, 'AA00|AAA'), 'A100|AAA', 'A10|AAA', times(1, 'AAA|100A', 'black')), { label: 'GB', banded: 0.4, ground: ['white', 'yellow'], rim: 'none', letters: 'ABCDEFGHJKLMNOPRSTUVWXY' }),
  look('IE', 'british', series(times(3, '00-A-10000'), times(3, '100-A-1000'), times(2, '00-AA-1000'), '100-A-100', '00-AA-100', times(2, '00-AA|1000'), '100-A|1000'), { label: 'IRL', banded: 0.85, heading: true, letters: 'DGCWKLMOSTRNHEXY' }),
  look('ES', 'din', series(times(7, '0000 AAA'), times(2, 'A-0000-AA'), times(2, 'AA-0000-A'), 'AA-0000-AA', times(1, '=E 0000 AAA'), times(3, '0000|AAA'), times(1, 'A-0000|AA'), times(1, '=C0000|AAA')), { label: 'E', banded: 0.85, letters: 'BCDFGHJKLMNPRSTVWXYZ' }),
  look('PT', 'french', series(times(2, '00-00-AA'), times(2, '00-AA-00'), times(2, 'AA-00-00'), times(3, 'AA-00-AA'), 'AA 00 AA', '00 AA 00', 'AA-|00-00', '00-AA|-00', 'AA|00 AA'), { label: 'P', banded: 0.9, right: 'date' }),
  look('IT', 'italian', series(times(5, 'AA 000AA'), times(4, 'AA*000AA'), 'AA 00000', times(3, 'AA|000AA'), times(3, 'AA|00000'), 'AA 000|AA'), { label: 'I', banded: 0.95, right: 'year', letters: 'ABCDEFGHJKLMNPRSTVWXYZ' }),
  look('GR', 'din', series(times(5, 'AAA-0000'), times(3, 'AAA*0000'), 'AA-0000', times(2, 'AAA|0000'), times(2, 'AAA|000')), { banded: 0.85, letters: 'ABEHIKMNOPTXYZ' }),
  look('CY', 'british', series(times(4, 'AAA 000'), times(2, 'AAA*000'), times(2, 'AAA|000')), { banded: 0.8, ground: ['white', 'white', 'yellow'] }),
  look('MT', 'din', series(times(3, 'AAA 000'), times(3, 'AAA*000'), 'AAA-000', times(2, 'AAA|000')), { label: 'M', banded: 0.9 }),
  look('SI', 'din', series(times(3, '@*AA-000'), times(3, '@*A0-000'), times(2, '@*00-0AA'), times(2, '@*0A-00A'), '@*00-00A', '@*A0-00A', '@-AA 000', times(2, '@*|AA-00'), '@*|A0-000'), { label: 'SLO', banded: 0.9, seal: 'crest', rim: 'coloured', regions: ['CE', 'GO', 'KK', 'KP', 'KR', 'LJ', 'MB', 'MS', 'NM', 'PO', 'SG'] }),
  look('HR', 'din', series(times(3, '@*000-AA'), times(2, '@*000-A'), times(2, '@*0000-A'), times(2, '@*0000-AA'), times(2, '@*|000-AA'), '@*|0000-A'), { banded: 0.7, seal: 'checkers', regions: ['ZG', 'ST', 'RI', 'OS', 'ZD', 'PU', 'KA', 'SK', 'VZ', 'DU', 'KR', 'BJ', 'VK', 'SB', 'KC', 'CK', 'SI', 'GS', 'PZ', 'VT', 'KZ', 'DA', 'MA', 'IM', 'NA', 'OG'] }),
  look('BA', 'din', series(times(4, 'A00-A-000'), '000-A-000', times(2, 'A00|A-000')), { label: 'BIH', emblem: 'flag', letters: 'AEJKMOT' }),
  look('RS', 'din', series(times(3, '@*000-AA'), times(3, '@*0000-AA'), '@*000AA', '@*0000AA', '@ 000-AA', times(2, '@|000-AA'), '@|000AA'), { label: 'SRB', emblem: 'flag', seal: 'crest', regions: ['BG', 'NS', 'NI', 'KG', 'SU', 'ZR', 'PA', 'CA', 'KV', 'LE', 'PO', 'SM', 'SA', 'SO', 'SD', 'UE', 'VA', 'VR', 'JA', 'ZA', 'BO', 'KI', 'PI', 'PK', 'AR', 'AL', 'BB', 'GM', 'RU', 'ST', 'SI', 'TO', 'TS', 'UB', 'VB', 'VL', 'VS', 'IN', 'BP', 'NP', 'TT', 'PZ', 'SV', 'LO'] }),
  look('ME', 'din', series(times(4, '@*AA000'), '@ AA-000', '@|AA000'), { label: 'MNE', emblem: 'flag', seal: 'crest', regions: ['PG', 'NK', 'BD', 'BR', 'HN', 'KO', 'TV', 'UL', 'BP', 'PV', 'CT', 'DG', 'BA'] }),
  look('MK', 'din', series(times(4, '@*0000-AA'), '@*000-AA', '@*0000AA', '@|0000AA'), { label: 'NMK', emblem: 'flag', seal: 'crest', regions: ['SK', 'BT', 'OH', 'TE', 'KU', 'VE', 'PP', 'ST', 'SR', 'KI', 'GV', 'SU', 'KP', 'GE', 'DE', 'NE', 'KA', 'RA', 'DB', 'KR', 'PE', 'VI', 'BE', 'MB', 'KS', 'DK'] }),
  look('XK', 'din', series(times(4, '00*000-AA'), '00 000 AA', '00|000-AA'), { label: 'RKS', emblem: 'flag', seal: 'crest' }),
  look('AL', 'italian', series(times(4, 'AA 000AA'), times(2, 'AA*000AA'), 'AA|000AA'), { emblem: 'flag', seal: 'crest', right: 'plain' }),
  look('RO', 'din', series(times(4, '@ 00 AAA'), times(2, '=B 000 AAA'), '=B 00 AAA', times(1, '@ 000000', 'white', 'red'), times(3, '@ 00|AAA'), '@|00 AAA'), { banded: 0.95, regions: ['AB', 'AR', 'AG', 'BC', 'BH', 'BN', 'BT', 'BV', 'BR', 'BZ', 'CS', 'CL', 'CJ', 'CT', 'CV', 'DB', 'DJ', 'GL', 'GR', 'GJ', 'HR', 'HD', 'IL', 'IS', 'IF', 'MM', 'MH', 'MS', 'NT', 'OT', 'PH', 'SM', 'SJ', 'SB', 'SV', 'TR', 'TM', 'TL', 'VS', 'VL', 'VN', 'B'] }),
  look('BG', 'eastern', series(times(7, '@ 0000 AA'), '@ 0000AA', '@0000AA', times(2, '@|0000 AA'), '@ 0000|AA'), { banded: 0.9, letters: SHARED, regions: ['A', 'B', 'BH', 'BP', 'BT', 'C', 'CA', 'CB', 'CC', 'CH', 'CM', 'CO', 'CT', 'E', 'EB', 'EH', 'H', 'K', 'KH', 'M', 'OB', 'P', 'PA', 'PB', 'PK', 'PP', 'T', 'TX', 'X', 'Y'] }),
  look('HU', 'din', series(times(5, 'AAA-000'), times(2, 'AAA*000'), times(3, 'AA AA-000'), times(2, 'AA*AA-000'), times(2, 'AAA|000'), 'AA AA|000'), { label: 'H', banded: 0.9 }),
  look('SK', 'din', series(times(3, '@*000AA'), times(4, '@-000AA'), '@ 000 AA', 'AA 000AA', 'AA*000AA', times(2, '@*|000AA'), '@-000|AA'), { banded: 0.9, seal: 'crest', regions: ['BA', 'BL', 'BB', 'BJ', 'BN', 'BR', 'BS', 'BY', 'CA', 'DK', 'DS', 'DT', 'GA', 'GL', 'HC', 'HE', 'IL', 'KA', 'KE', 'KK', 'KM', 'KN', 'KS', 'LC', 'LE', 'LM', 'LV', 'MA', 'MI', 'ML', 'MT', 'MY', 'NM', 'NO', 'NR', 'NZ', 'PB', 'PD', 'PE', 'PK', 'PN', 'PO', 'PP', 'PT', 'RA', 'RK', 'RS', 'RV', 'SA', 'SB', 'SC', 'SE', 'SI', 'SK', 'SL', 'SN', 'SO', 'SP', 'SV', 'TN', 'TO', 'TR', 'TS', 'TT', 'TV', 'VK', 'VT', 'ZA', 'ZC', 'ZH', 'ZM', 'ZV'] }),
  look('CZ', 'czech', series(times(5, '1A1*0000'), times(3, '1A0 0000'), times(2, '1AA*0000'), times(2, 'AAA 00-00'), 'AA 00-00', '=E=L 000AA', times(3, '1A0|0000'), '1A*|0000', '1AA|0000'), { banded: 0.85, seal: 'seals', letters: 'ABCEHJKLMPSTUZ' }),
  look('BY', 'eastern', series(times(5, '0000 AA-1'), '=E000 AA-1', 'AA 0000-1', 'A0000A-1', times(2, '0000|AA-1'), times(2, '0000 AA|1')), { banded: 0.7, emblem: 'flag', letters: 'ABCEHIKMOPTX' }),
  look('UA', 'eastern', series(times(6, '@ 0000 AA'), '@0000AA', '@*0000 AA', times(2, '@ 0000|AA'), times(2, '@|0000 AA')), { banded: 0.85, emblem: 'flag', letters: 'ABCEHIKMOPTX', regions: ['AA', 'KA', 'AB', 'KB', 'AC', 'KC', 'AE', 'KE', 'AH', 'KH', 'AI', 'KI', 'AK', 'AM', 'KM', 'AO', 'KO', 'AP', 'KP', 'AT', 'KT', 'AX', 'KX', 'BA', 'HA', 'BB', 'HB', 'BC', 'HC', 'BE', 'HE', 'BH', 'HH', 'BI', 'HI', 'BK', 'HK', 'BM', 'HM', 'BO', 'HO', 'BT', 'HT', 'BX', 'HX', 'CA', 'IA', 'CB', 'IB', 'CE', 'IE'] }),
  look('RU', 'eastern', series(times(5, 'A 000 AA_00'), times(3, 'A 000 AA_100'), times(2, 'AA 000_00'), times(1, 'AA 000_00', 'yellow'), times(2, 'A 000|AA 00'), '0000|AA 00'), { label: '', banded: 0, letters: SHARED }),
  look('MD', 'din', series(times(5, 'AAA 000'), times(2, 'A AA 000'), times(2, 'AA AA 000'), 'AAA|000'), { emblem: 'flag' }),
  look('TR', 'din', series(times(3, '00 AA 000'), times(2, '00 AAA 00'), times(2, '00 A 0000'), times(2, '00 AA 0000'), '00 AAA 000', '00 AA|000', '00 AAA|00', '00|AA 000'), { banded: 0.85, letters: 'ABCDEFGHJKLMNPRSTUVYZ' }),
  look('AD', 'din', series(times(3, '*A0000'), 'A0000', 'A|0000'), { label: 'AND', banded: 0.2, seal: 'crest' })
]

export const COUNTRIES: readonly string[] = LOOKS.map(({ country }) => country)
/** What a share of drawn plates belongs to, since they are met most at the first deployment; 1 for every other country. */
export const COUNTRY_WEIGHTS: Readonly<Record<string, number>> = { LT: 2.6, LV: 2.6, EE: 1.8, PL: 1.6, DE: 1.8, BY: 1.4, FR: 1.3, GB: 1.3, NL: 1.3, BE: 1.2, IT: 1.3, UA: 1.2, RU: 1.2, MC: 0.25, AD: 0.25, LI: 0.35, IS: 0.5, XK: 0.4, AL: 0.5, ME: 0.4, MK: 0.4, MD: 0.6, BA: 0.5, CY: 0.7, MT: 0.6 }

export const lookOf = (country: string): Look | undefined => LOOKS.find(look => look.country === country)
