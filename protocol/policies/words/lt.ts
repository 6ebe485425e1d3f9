/** The sentence in Lithuanian. Names of agencies stand in the nominative after the noun `įstaiga`, which carries the case. */
import { twoDigits, type Words } from './words.ts'

/** Genitive. */
const NATIONS: { readonly [code: string]: string } = {
  AT: 'Austrijos', BE: 'Belgijos', BG: 'Bulgarijos', CH: 'Šveicarijos', CY: 'Kipro', CZ: 'Čekijos', DE: 'Vokietijos', DK: 'Danijos', EE: 'Estijos',
  ES: 'Ispanijos', FI: 'Suomijos', FR: 'Prancūzijos', GR: 'Graikijos', HR: 'Kroatijos', HU: 'Vengrijos', IE: 'Airijos', IS: 'Islandijos', IT: 'Italijos',
  LI: 'Lichtenšteino', LT: 'Lietuvos', LU: 'Liuksemburgo', LV: 'Latvijos', MT: 'Maltos', NL: 'Nyderlandų', NO: 'Norvegijos', PL: 'Lenkijos',
  PT: 'Portugalijos', RO: 'Rumunijos', SE: 'Švedijos', SI: 'Slovėnijos', SK: 'Slovakijos'
}
const H1 = 'be teikėjo leidimo neatskleisti teismo procese'
const H2 = 'be teikėjo leidimo neatskleisti teismo procese ir neperduoti kitiems'
const place = (level: string): string => `vietą nurodant ne tiksliau kaip ${level} lygmeniu`

/** Accusative: 1, 21 but not 11 `dieną`; 2–9, 22 but not 12 `dienas`; else genitive plural. */
function daysOf (n: number): string {
  const isTeen = n % 100 >= 11 && n % 100 <= 19
  if (isTeen || n % 10 === 0) return 'dienų'
  return n % 10 === 1 ? 'dieną' : 'dienas'
}

export const lt: Words = {
  opening: (agency, direction, partner, things, from, until) => `Nuo ${from} iki ${until} ${agency} gali ${direction === 'egress' ? 'siųsti' : 'priimti'} ${partner} ${things}`,
  agency: (name, direction) => direction === 'egress' ? `įstaigai „${name}“` : `iš įstaigos „${name}“`,
  nation: (code, direction) => {
    const nation = NATIONS[code] ?? `valstybės ${code}`
    return direction === 'egress' ? `bet kuriai ${nation} įstaigai` : `iš bet kurios ${nation} įstaigos`
  },
  kinds: {
    'hit': 'numerio ženklų atitiktis', 'hit.update': 'numerio ženklų atitikčių pataisas', 'hit.withdraw': 'numerio ženklų atitikčių atšaukimus',
    'hotlist.share': 'paieškos sąrašo įrašus', 'hotlist.withdraw': 'paieškos sąrašo įrašų atšaukimus',
    'hit-and-changes': 'numerio ženklų atitiktis su jų pataisomis ir atšaukimais', 'share-and-withdrawals': 'paieškos sąrašo įrašus su jų atšaukimais'
  },
  and: ', taip pat ',
  allCategories: 'visos kategorijos',
  someCategories: names => `${names.length === 1 ? 'kategorija' : 'kategorijos'}: ${names.join(', ')}`,
  categories: {
    'stolen-vehicle': 'vogta transporto priemonė', 'stolen-plate': 'vogtas numerio ženklas', 'wanted-person': 'ieškomas asmuo', 'missing-person': 'dingęs asmuo',
    'person-at-risk': 'pavojuje esantis asmuo', 'evidence': 'įrodymas', 'surveillance': 'stebėjimas', 'serious-crime': 'sunkus nusikaltimas'
  },
  siteGroups: names => `${names.length === 1 ? 'kamerų grupė' : 'kamerų grupės'}: ${names.join(', ')}`,
  precision: {
    none: 'nenurodant vietos', nation: place('valstybės'), nuts3: place('NUTS 3 regiono'), municipality: place('savivaldybės'), road: place('kelio'), exact: place('kelio')
  },
  purpose: {
    'prevention': 'siekiant užkirsti kelią nusikalstamoms veikoms', 'investigation': 'siekiant tirti nusikalstamas veikas', 'detection': 'siekiant atskleisti nusikalstamas veikas',
    'prosecution': 'siekiant vykdyti baudžiamąjį persekiojimą', 'public-safety': 'siekiant užtikrinti visuomenės saugumą', 'execution-of-penalties': 'siekiant vykdyti bausmes'
  },
  basis: title => `teisinis pagrindas: ${title}`,
  retention: days => `gavėjas duomenis saugo ne ilgiau kaip ${days} ${daysOf(days)}`,
  handling: {
    H0: () => 'tvarkymo kodas H0 (tik nusikalstamumo prevencijai ir kovai su juo)', H1: () => `tvarkymo kodas H1 (${H1})`, H2: () => `tvarkymo kodas H2 (${H2})`,
    H3: text => `tvarkymo kodas H3 (${H2}; be to: „${text}“)`
  },
  thirdCountry: { 'prohibited': 'perduoti trečiosioms valstybėms draudžiama', 'prior-authorisation': 'perduoti trečiosioms valstybėms galima tik gavus išankstinį teikėjo leidimą' },
  furtherHits: { yes: 'apie vėlesnes atitiktis pranešama, jei to paprašė įrašo savininkas', no: 'pranešama tik apie kiekvieno įrašo pirmąją atitiktį' },
  unverified: { confirm: 'nepatikrinta atitiktis laukia patvirtinimo', allow: 'nepatikrintai tiksliai atitikčiai patvirtinimo nereikia, o panašiai reikia' },
  moment: at => `${at.year}-${twoDigits(at.month)}-${twoDigits(at.day)} ${twoDigits(at.hour)}:${twoDigits(at.minute)} (UTC)`
}
