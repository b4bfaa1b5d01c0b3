//! One order, from the account to the signed chain (RFC 8555 section 7.4).

use std::path::Path;
use std::time::Duration;

use instant_acme::{
    Account, AccountBuilder, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier,
    NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};

use super::challenge::Challenges;
use crate::config::settings::Acme;
use crate::data_dir::{DataError, at, write_atomically};
use crate::tls::files::CertificateError;

/// How long the authority may take to ask for the challenges, and then to sign: it is asked after one second, two, four
/// and so on. Public ones ask from several places in the world and take some seconds.
const PATIENCE: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_secs(1))
    .timeout(Duration::from_secs(120));

/// Why there is no certificate this time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OrderError {
    #[error("the authority: {0}")]
    Authority(#[from] instant_acme::Error),
    #[error(
        "the authority could not reach http://{0}/.well-known/acme-challenge/; does port 80 lead here?"
    )]
    Unreachable(String),
    #[error("the authority offers no HTTP-01 challenge for {0}")]
    NoHttpChallenge(String),
    #[error("the order ended as {0:?}")]
    NotReady(OrderStatus),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// What an order gives.
pub(super) struct Signed {
    pub(super) chain_pem: String,
    pub(super) key_pem: String,
}

/// Orders a certificate for every configured name.
pub(super) async fn run(
    config: &Acme,
    account: &Path,
    challenges: &Challenges,
) -> Result<Signed, OrderError> {
    let account = open_account(config, account).await?;
    let names: Vec<Identifier> = config
        .domains
        .iter()
        .cloned()
        .map(Identifier::Dns)
        .collect();
    let mut order = account.new_order(&NewOrder::new(&names)).await?;
    answer_challenges(&mut order, challenges).await?;
    // A timeout hides the same reasons as a refusal: both are asked which name failed.
    match order.poll_ready(&PATIENCE).await {
        Ok(OrderStatus::Ready) => {}
        Ok(status) => return Err(why_not(&mut order, OrderError::NotReady(status)).await),
        Err(error) => return Err(why_not(&mut order, error.into()).await),
    }
    let key_pem = order.finalize().await?;
    let chain_pem = order.poll_certificate(&PATIENCE).await?;
    Ok(Signed { chain_pem, key_pem })
}

/// The kept account, or a new one. Its key is the only proof that certificates are ours to revoke.
async fn open_account(config: &Acme, path: &Path) -> Result<Account, OrderError> {
    let unreadable = |error: serde_json::Error| at(path)(error.into());
    if let Ok(text) = std::fs::read(path) {
        let kept: AccountCredentials = serde_json::from_slice(&text).map_err(unreadable)?;
        return Ok(builder(config)?.from_credentials(kept).await?);
    }
    let contact = format!("mailto:{}", config.email);
    let contacts: &[&str] = if config.email.is_empty() {
        &[]
    } else {
        &[&contact]
    };
    let terms_of_service_agreed = config.accept_terms;
    let wish = NewAccount {
        contact: contacts,
        terms_of_service_agreed,
        only_return_existing: false,
    };
    let (account, credentials) = builder(config)?
        .create(&wish, config.directory.clone(), None)
        .await?;
    let text = serde_json::to_vec(&credentials).map_err(unreadable)?;
    write_atomically(path, &text)?;
    Ok(account)
}

fn builder(config: &Acme) -> Result<AccountBuilder, instant_acme::Error> {
    if config.root.as_os_str().is_empty() {
        Account::builder()
    } else {
        Account::builder_with_root(&config.root)
    }
}

async fn answer_challenges(order: &mut Order, challenges: &Challenges) -> Result<(), OrderError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let name = authorization.identifier().to_string();
        match authorization.status {
            AuthorizationStatus::Pending => {}
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Invalid
            | AuthorizationStatus::Revoked
            | AuthorizationStatus::Expired
            | AuthorizationStatus::Deactivated => return Err(OrderError::Unreachable(name)),
        }
        let mut challenge = authorization
            .challenge(ChallengeType::Http01)
            .ok_or(OrderError::NoHttpChallenge(name))?;
        challenges.set(&challenge.token, challenge.key_authorization().as_str());
        challenge.set_ready().await?;
    }
    Ok(())
}

/// The name that the authority could not check, which is what the operator can act on; else what is known without.
async fn why_not(order: &mut Order, otherwise: OrderError) -> OrderError {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let name = authorization.identifier().to_string();
        // What the order remembers is from before the check.
        if let Ok(state) = authorization.refresh().await
            && state.status == AuthorizationStatus::Invalid
        {
            return OrderError::Unreachable(name);
        }
    }
    otherwise
}
