/** The sentence in Latvian. Names of agencies stand in the nominative after the noun `iestāde`, which carries the case. */
import { twoDigits, type Words } from './words.ts'

/** Genitive. */
const NATIONS: { readonly [code: string]: string } = {
  AT: 'Austrijas', BE: 'Beļģijas', BG: 'Bulgārijas', CH: 'Šveices', CY: 'Kipras', CZ: 'Čehijas', DE: 'Vācijas', DK: 'Dānijas', EE: 'Igaunijas',
  ES: 'Spānijas', FI: 'Somijas', FR: 'Francijas', GR: 'Grieķijas', HR: 'Horvātijas', HU: 'Ungārijas', IE: 'Īrijas', IS: 'Islandes', IT: 'Itālijas',
  LI: 'Lihtenšteinas', LT: 'Lietuvas', LU: 'Luksemburgas', LV: 'Latvijas', MT: 'Maltas', NL: 'Nīderlandes', NO: 'Norvēģijas', PL: 'Polijas',
  PT: 'Portugāles', RO: 'Rumānijas', SE: 'Zviedrijas', SI: 'Slovēnijas', SK: 'Slovākijas'
}
const H1 = 'bez sniedzēja atļaujas neizpaust tiesas procesā'
const H2 = 'bez sniedzēja atļaujas neizpaust tiesas procesā un nenodot tālāk'
const OFFENCES = 'noziedzīgus nodarījumus'
const place = (level: string): string => `norādot vietu ne precīzāk kā ${level} līmenī`
/** 1, 21, 101, but not 11. */
const isOne = (n: number): boolean => n % 10 === 1 && n % 100 !== 11

export const lv: Words = {
  opening: (agency, direction, partner, things, from, until) => `No ${from} līdz ${until} ${agency} drīkst ${direction === 'egress' ? 'nosūtīt' : 'pieņemt'} ${partner} ${things}`,
  agency: (name, direction) => direction === 'egress' ? `iestādei „${name}”` : `no iestādes „${name}”`,
  nation: (code, direction) => {
    const nation = NATIONS[code] ?? `valsts ${code}`
    return direction === 'egress' ? `jebkurai ${nation} iestādei` : `no jebkuras ${nation} iestādes`
  },
  kinds: {
    'hit': 'numura zīmju atbilsmes', 'hit.update': 'numura zīmju atbilsmju labojumus', 'hit.withdraw': 'numura zīmju atbilsmju atsaukumus',
    'hotlist.share': 'meklēšanas saraksta ierakstus', 'hotlist.withdraw': 'meklēšanas saraksta ierakstu atsaukumus',
    'hit-and-changes': 'numura zīmju atbilsmes ar to labojumiem un atsaukumiem', 'share-and-withdrawals': 'meklēšanas saraksta ierakstus ar to atsaukumiem'
  },
  and: ', kā arī ',
  allCategories: 'visas kategorijas',
  someCategories: names => `${names.length === 1 ? 'kategorija' : 'kategorijas'}: ${names.join(', ')}`,
  categories: {
    'stolen-vehicle': 'zagts transportlīdzeklis', 'stolen-plate': 'zagta numura zīme', 'wanted-person': 'meklēta persona', 'missing-person': 'bezvēsts pazudusi persona',
    'person-at-risk': 'apdraudēta persona', 'evidence': 'pierādījums', 'surveillance': 'novērošana', 'serious-crime': 'smags noziegums'
  },
  siteGroups: names => `${names.length === 1 ? 'kameru grupa' : 'kameru grupas'}: ${names.join(', ')}`,
  precision: {
    none: 'nenorādot vietu', nation: place('valsts'), nuts3: place('NUTS 3 reģiona'), municipality: place('pašvaldības'), road: place('ceļa'), exact: place('ceļa')
  },
  purpose: {
    'prevention': `lai novērstu ${OFFENCES}`, 'investigation': `lai izmeklētu ${OFFENCES}`, 'detection': `lai atklātu ${OFFENCES}`,
    'prosecution': 'lai veiktu kriminālvajāšanu', 'public-safety': 'lai aizsargātu sabiedrisko drošību', 'execution-of-penalties': 'lai izpildītu kriminālsodus'
  },
  basis: title => `juridiskais pamats: ${title}`,
  retention: days => `saņēmējs datus glabā ne ilgāk kā ${days} ${isOne(days) ? 'dienu' : 'dienas'}`,
  handling: {
    H0: () => 'apstrādes kods H0 (tikai noziedzības novēršanai un apkarošanai)', H1: () => `apstrādes kods H1 (${H1})`, H2: () => `apstrādes kods H2 (${H2})`,
    H3: text => `apstrādes kods H3 (${H2}; turklāt: „${text}”)`
  },
  thirdCountry: { 'prohibited': 'nodošana trešām valstīm ir aizliegta', 'prior-authorisation': 'nodošana trešām valstīm atļauta tikai ar sniedzēja iepriekšēju piekrišanu' },
  furtherHits: { yes: 'par nākamajām atbilsmēm ziņo, ja ieraksta īpašnieks to pieprasījis', no: 'ziņo tikai par katra ieraksta pirmo atbilsmi' },
  unverified: { confirm: 'nepārbaudīta atbilsme gaida apstiprinājumu', allow: 'nepārbaudītai precīzai atbilsmei apstiprinājums nav vajadzīgs, bet līdzīgai ir' },
  moment: at => `${twoDigits(at.day)}.${twoDigits(at.month)}.${at.year}. plkst. ${twoDigits(at.hour)}.${twoDigits(at.minute)} (UTC)`
}
