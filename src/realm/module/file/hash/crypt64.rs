//! The base64 of crypt(3): its alphabet, and what is written in it without a bit too many.

/// In the order of their values.
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a character stands for.
pub(super) fn value(character: u8) -> Option<u32> {
    let place = ALPHABET.iter().position(|known| *known == character)?;
    u32::try_from(place).ok()
}

/// Whether text has whole octets, and zeros in the bits behind them.
pub(super) fn is_sound(text: &str) -> bool {
    let spare = match text.len() % 4 {
        0 => 0,
        2 => 4,
        3 => 2,
        _ => return false,
    };
    // The first octets stand in the low bits.
    let last = text.bytes().last().and_then(value);
    text.bytes().all(|character| value(character).is_some()) && last.is_some_and(|last| last < 64 >> spare)
}
