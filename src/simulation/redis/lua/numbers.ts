/** Numbers to text and back, as C's printf and strtod do it. */

/** Sign, digits and decimal exponent: 0.d1d2d3… times ten to the exponent. */
function significant(value: number, digits: number): { digits: string; exponent: number } {
  // toExponential rounds half away from zero, C half to even: where the rest is exactly a half, look at the digit before.
  const [mantissa = '', exponent = '0'] = value.toExponential(digits - 1).split('e');
  let kept = mantissa.replace('.', '');
  let power = Number(exponent);
  if (digits < 80) {
    const [long = '', longExponent = '0'] = value.toExponential(99).split('e');
    const exact = long.replace('.', '');
    const rest = exact.slice(digits);
    if (rest.startsWith('5') && /^50*$/.test(rest)) {
      const before = exact.slice(0, digits);
      if (Number(before[digits - 1]) % 2 === 0) {
        kept = before;
        power = Number(longExponent);
      }
    }
  }
  return { digits: kept, exponent: power };
}

function unusual(value: number): string | undefined {
  if (Number.isNaN(value)) return 'nan';
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return 'inf';
  return undefined;
}

function exponentOf(power: number): string {
  const size = String(Math.abs(power));
  return `e${power < 0 ? '-' : '+'}${size.length < 2 ? `0${size}` : size}`;
}

/** `%.<precision>e` of a number that is not negative. */
export function toExponentForm(value: number, precision: number, keepPoint = false): string {
  const odd = unusual(value);
  if (odd !== undefined) return odd;
  const { digits, exponent } = significant(value, precision + 1);
  const point = precision > 0 || keepPoint ? '.' : '';
  return digits[0] + point + digits.slice(1) + exponentOf(exponent);
}

/** `%.<precision>f` of a number that is not negative. */
export function toFixedForm(value: number, precision: number, keepPoint = false): string {
  const odd = unusual(value);
  if (odd !== undefined) return odd;
  const point = precision > 0 || keepPoint ? '.' : '';
  if (Number.isSafeInteger(value)) return String(value) + point + '0'.repeat(precision);
  if (value >= 1e21) return BigInt(value) + point + '0'.repeat(precision);
  const short = value.toFixed(Math.min(precision, 100)) + '0'.repeat(Math.max(0, precision - 100));
  // A tie is rounded up by toFixed and to even by C. It needs a fraction that is exactly a half of the last place.
  if (precision < 60 && value < 1e15) {
    const long = value.toFixed(100);
    const cut = long.length - 100 + precision;
    const rest = long.slice(cut);
    if (/^50*$/.test(rest)) {
      const before = precision === 0 ? long.slice(0, cut - 1) : long.slice(0, cut);
      if (Number(before[before.length - 1]) % 2 === 0) return before + (precision === 0 ? point : '');
    }
  }
  return precision === 0 ? short + point : short;
}

/** `%.<precision>g` of a number that is not negative. */
export function toGeneralForm(value: number, precision: number, keepZeros = false): string {
  const odd = unusual(value);
  if (odd !== undefined) return odd;
  const places = precision === 0 ? 1 : precision;
  if (value === 0) return keepZeros ? `0.${'0'.repeat(places - 1)}` : '0';
  const { digits, exponent } = significant(value, places);
  const trimmed = keepZeros ? digits : digits.replace(/0+$/, '');
  if (exponent < -4 || exponent >= places) {
    const rest = trimmed.slice(1);
    return digits[0] + (rest === '' && !keepZeros ? '' : `.${rest}`) + exponentOf(exponent);
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${trimmed}`;
  const whole = digits.slice(0, exponent + 1);
  const fraction = trimmed.slice(exponent + 1);
  return fraction === '' && !keepZeros ? whole : `${whole}.${fraction}`;
}

function signed(value: number, form: (size: number) => string): string {
  const isNegative = value < 0 || Object.is(value, -0);
  // JavaScript hides the sign of NaN. The one that arithmetic makes on x86, such as 0/0, has one; any other would be shown without.
  if (Number.isNaN(value)) return '-nan';
  return isNegative ? `-${form(-value)}` : form(value);
}

/** As `tostring` and `..` write a number: `%.14g`. */
export function numberToString(value: number): string {
  if (Number.isInteger(value) && value < 1e14 && value > -1e14 && value !== 0) return String(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return signed(value, (size) => toGeneralForm(size, 14));
}

/** As `redis.call` sends a number: `%.17g`. */
export function numberToArgument(value: number): string {
  if (Number.isSafeInteger(value) && value !== 0) return String(value);
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  return signed(value, (size) => toGeneralForm(size, 17));
}

const DECIMAL = /^[ \t\n\v\f\r]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[ \t\n\v\f\r]*$/;
const HEXADECIMAL =
  /^[ \t\n\v\f\r]*([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?[ \t\n\v\f\r]*$/;
const NAMED = /^[ \t\n\v\f\r]*([+-]?)(inf(?:inity)?|nan)[ \t\n\v\f\r]*$/i;

/** Reads a number as Lua 5.1 on glibc does, where a text ends at its first zero byte. Undefined: it is none. */
export function stringToNumber(text: string): number | undefined {
  // Most are short and plain.
  if (text.length > 0 && text.length < 16) {
    let value = 0;
    let at = 0;
    for (; at < text.length; at += 1) {
      const digit = text.charCodeAt(at) - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (at === text.length) return value;
  }
  const zero = text.indexOf('\0');
  const read = zero === -1 ? text : text.slice(0, zero);
  if (DECIMAL.test(read)) return Number(read.trim());
  const hex = HEXADECIMAL.exec(read);
  if (hex !== null) {
    const [, sign, whole = '', fraction = '', power = '0'] = hex;
    if (whole === '' && fraction === '') return undefined;
    let value = whole === '' ? 0 : Number(BigInt(`0x${whole}`));
    if (fraction !== '') value += Number(BigInt(`0x${fraction}`)) / 16 ** fraction.length;
    value *= 2 ** Number(power);
    return sign === '-' ? -value : value;
  }
  const named = NAMED.exec(read);
  if (named === null) return undefined;
  const value = named[2]?.toLowerCase() === 'nan' ? Number.NaN : Number.POSITIVE_INFINITY;
  return named[1] === '-' ? -value : value;
}
