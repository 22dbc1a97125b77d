use super::*;

#[test]
fn crc_is_the_common_one() {
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
}
