//! The evaluator and the libpam of this host give the same codes and execute the same lines.

use tfa_pam_stack::{ProblemKind, Service, Unreadable};

use crate::driver::Driver;
use crate::evaluator;
use crate::generate::{Case, Random, seed};

/// How many random services are compared.
const CASES: usize = 6000;

/// Whether libpam crashes or hangs, or its result depends on what the memory holds.
fn is_undefined(service: &Result<Service, Unreadable>) -> bool {
    use Unreadable::{Hang, IncludeWithoutName, TooLong};
    let undefined = ProblemKind::FailedIncludeWithUndefinedControl;
    match service {
        Ok(service) => service
            .problems
            .iter()
            .any(|problem| problem.kind == undefined),
        Err(error) => matches!(error, Hang(_) | IncludeWithoutName(_) | TooLong(_)),
    }
}

/// The two reports of a service, if they differ.
fn difference(driver: &Driver, case: &Case) -> Option<(String, String)> {
    let folder = driver.folder.join("single");
    case.write(&folder);
    let service = evaluator::read(&folder, driver.release);
    if is_undefined(&service) {
        return None;
    }
    let libpam = driver.run(&["single"]).remove(0);
    let ours = evaluator::report(&service);
    (libpam != ours).then_some((libpam, ours))
}

/// Removes lines and files as long as the reports differ.
fn shrink(driver: &Driver, mut case: Case) -> Case {
    'smaller: loop {
        for file in 0..case.files.len() {
            for line in 0..case.files[file].1.len() {
                let mut smaller = case.clone();
                smaller.files[file].1.remove(line);
                if difference(driver, &smaller).is_some() {
                    case = smaller;
                    continue 'smaller;
                }
            }
        }
        return case;
    }
}

#[test]
fn random_services_end_as_in_libpam() {
    let driver = Driver::new("random");
    let seed = seed();
    let mut random = Random(seed);
    let names: Vec<String> = (0..CASES).map(|number| format!("{number}")).collect();
    let (mut kept, mut cases, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    for name in &names {
        let folder = driver.folder.join(name);
        let case = Case::generate(&mut random, &folder);
        case.write(&folder);
        let service = evaluator::read(&folder, driver.release);
        if !is_undefined(&service) {
            kept.push(name.as_str());
            cases.push(case);
            expected.push(evaluator::report(&service));
        }
    }
    let found = driver.run(&kept);
    for ((case, libpam), ours) in cases.iter().zip(&found).zip(&expected) {
        if libpam != ours {
            let case = shrink(&driver, case.clone());
            let reports = difference(&driver, &case);
            let files = case.files.iter();
            let files: Vec<String> = files
                .map(|(name, lines)| format!("== {name}\n{}", lines.concat()))
                .collect();
            panic!(
                "TFA_SEED={seed}: libpam and the evaluator: {reports:?}\n{}",
                files.concat()
            );
        }
    }
    let let_in = found.iter().filter(|report| is_let_in(report)).count();
    let refused = found.iter().filter(|report| *report == "26").count();
    println!(
        "{} services, {let_in} authenticated, {refused} not read, seed {seed}",
        found.len()
    );
    assert!(found.len() > 5000 && let_in > 250 && refused > 50);
}

/// Whether pam_authenticate(3) succeeded.
fn is_let_in(report: &str) -> bool {
    report
        .split(" |")
        .nth(1)
        .is_some_and(|call| call.ends_with(" 0"))
}
