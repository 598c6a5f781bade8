//! The documents of the house: pure, readable, and about nobody else.

use super::Trial;
use crate::testkit::kit::{Go, Kit, Stop, not_applicable, told};
use crate::{Document, Lease};

/// The same leases give the same bytes, for none of them too, and nothing where the backend publishes nothing.
pub(super) async fn pure(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let leases = [
        Lease { order: bench.long_order(&client).await, handle: None },
        Lease { order: bench.long_order(&client).await, handle: None },
    ];
    let before = bench.marked().await?;
    let ask = |leases: &[Lease]| -> Go<Vec<Document>> {
        bench.backend.documents(leases).map_err(|e| Stop::Failed(format!("no documents: {}", told(&e))))
    };
    for some in [&leases[..0], &leases[..]] {
        let documents = ask(some)?;
        t.check(documents == ask(some)?, format!("{} leases gave two different answers", some.len()));
        t.check(documents.is_empty() != kit.cap.publishes, "documents and the capability's `publishes` disagree");
        for document in &documents {
            let path = document.path.display();
            t.check(document.path.is_absolute(), format!("the path {path} is not absolute"));
            t.check(document.mode & 0o022 == 0, format!("{path} may be written by others"));
        }
    }
    t.check(before == bench.marked().await?, "documents changed something in the target");
    if kit.cap.publishes {
        t.check(ask(&leases[..0])? != ask(&leases)?, "leases make no difference to the documents");
        let theirs = Lease { order: kit.other_house().await?.long_order(&client).await, handle: None };
        t.check(bench.backend.documents(&[theirs]).is_err(), "documents name another house's lease");
        bench.publish(&[]).await?;
    }
    Ok(())
}

/// A house that has forgotten what it ended goes on refusing what an earlier document of its own refused, and takes nothing
/// else for one.
pub(super) async fn carry_on(kit: &Kit<'_>, t: &mut Trial) -> Go {
    let bench = kit.bench().await?;
    let client = kit.client().await?;
    let documents = |leases: &[Lease]| -> Go<Vec<Document>> {
        bench.backend.documents(leases).map_err(|e| Stop::Failed(format!("no documents: {}", told(&e))))
    };
    let lease = async || Lease { order: bench.long_order(&client).await, handle: None };
    let (first, second) = (documents(&[lease().await])?, documents(&[lease().await])?);
    for (one, two) in first.iter().zip(&second) {
        let carry = |document: &Document, earlier: &Document| bench.backend.carry_on(document.clone(), &earlier.bytes);
        let both = (carry(one, two), carry(two, one));
        let Ok(both) = both.0.and_then(|one| both.1.map(|two| (one, two))) else {
            t.check(false, "a document of its own can't be carried on");
            continue;
        };
        t.check(
            both.0 == both.1 && both.0 != *one && both.0 != *two,
            "what an earlier document refused is let in again",
        );
        let strange = Document { bytes: b"\0 no document".to_vec(), ..two.clone() };
        t.check(carry(one, &strange).is_err(), "strange bytes pass for a document");
    }
    Ok(())
}

/// A published document refuses what it names and nothing else, and with none named everybody is let in.
pub(super) async fn refuse(kit: &Kit<'_>, t: &mut Trial) -> Go {
    if !kit.cap.publishes {
        return not_applicable("the backend publishes nothing");
    }
    let bench = kit.bench().await?;
    let (a, b) = (kit.client().await?, kit.client().await?);
    let (first, second) = (bench.long_order(&a).await, bench.long_order(&b).await);
    let (one, two) = (bench.issued(&first, &a).await?, bench.issued(&second, &b).await?);
    bench.publish(&[]).await?;
    t.check(kit.opens(&a, &one.form).await?, "with documents about nobody it opens nothing");
    // Without its handle, as after a crash between intent and answer.
    bench.publish(&[Lease { handle: None, ..one.lease.clone() }]).await?;
    t.check(!kit.opens(&a, &one.form).await?, "what the documents name, by its order alone, opens");
    t.check(kit.opens(&b, &two.form).await?, "what the documents do not name opens nothing");
    bench.publish(&[one.lease.clone(), two.lease.clone()]).await?;
    t.check(!kit.opens(&a, &one.form).await?, "the first of two that the documents name opens");
    t.check(!kit.opens(&b, &two.form).await?, "the second of two that the documents name opens");
    Ok(())
}
