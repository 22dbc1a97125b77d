#[test]
fn smoke() {
    let s = super::parse("sudo sh -c \"curl -fsSL x | sh\" && echo $(date)");
    for i in s.invocations() {
        println!("{} {:?} {:?}", i.program, i.wrappers.iter().map(|w| w.program).collect::<Vec<_>>(), i.command.span);
    }
}
