//! Who comes, and how it is shown: as the driver does it, but by the replication protocol.

use super::{Failed, Replication, refused, unexpected};
use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

impl Replication {
    /// Begins a session.
    pub(super) async fn log_in(&mut self, config: &tokio_postgres::Config) -> Result<(), Failed> {
        let user = config.get_user().map_or_else(default_user, Ok)?;
        let parameters = [
            ("client_encoding", Some("UTF8")),
            ("user", Some(user)),
            ("database", config.get_dbname()),
            ("application_name", config.get_application_name()),
            ("replication", Some("database")),
        ];
        let given = parameters
            .iter()
            .filter_map(|&(name, value)| Some((name, value?)));
        let mut start = BytesMut::new();
        frontend::startup_message(given, &mut start)?;
        self.send(&start).await?;
        self.authenticate(config, user).await?;
        loop {
            match self.message().await? {
                Message::ReadyForQuery(_) => return Ok(()),
                Message::ErrorResponse(body) => return Err(refused(&body)),
                Message::BackendKeyData(_)
                | Message::ParameterStatus(_)
                | Message::NoticeResponse(_) => {}
                _ => return Err(unexpected()),
            }
        }
    }

    async fn authenticate(
        &mut self,
        config: &tokio_postgres::Config,
        user: &str,
    ) -> Result<(), Failed> {
        let password = || {
            let missing = || Failed::Lost("the server asks for a password".into());
            config.get_password().ok_or_else(missing)
        };
        let mut words = BytesMut::new();
        match self.message().await? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword => {
                frontend::password_message(password()?, &mut words)?;
                self.send(&words).await?;
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(user.as_bytes(), password()?, body.salt());
                frontend::password_message(hash.as_bytes(), &mut words)?;
                self.send(&words).await?;
            }
            Message::AuthenticationSasl(body) => self.prove(&body, password()?).await?,
            Message::ErrorResponse(body) => return Err(refused(&body)),
            _ => return Err(unexpected()),
        }
        match self.message().await? {
            Message::AuthenticationOk => Ok(()),
            Message::ErrorResponse(body) => Err(refused(&body)),
            _ => Err(unexpected()),
        }
    }

    /// Proves by SCRAM that it knows the password, and sees that the server does.
    async fn prove(
        &mut self,
        offered: &AuthenticationSaslBody,
        password: &[u8],
    ) -> Result<(), Failed> {
        use fallible_iterator::FallibleIterator as _;
        let mut mechanisms = offered.mechanisms();
        if !mechanisms.any(|mechanism| Ok(mechanism == SCRAM_SHA_256))? {
            let message = "the server wants a login that the change feed does not know";
            return Err(Failed::Lost(message.into()));
        }
        let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
        let mut words = BytesMut::new();
        frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut words)?;
        self.send(&words).await?;
        match self.message().await? {
            Message::AuthenticationSaslContinue(body) => scram.update(body.data())?,
            Message::ErrorResponse(body) => return Err(refused(&body)),
            _ => return Err(unexpected()),
        }
        words.clear();
        frontend::sasl_response(scram.message(), &mut words)?;
        self.send(&words).await?;
        match self.message().await? {
            Message::AuthenticationSaslFinal(body) => scram.finish(body.data())?,
            Message::ErrorResponse(body) => return Err(refused(&body)),
            _ => return Err(unexpected()),
        }
        Ok(())
    }
}

fn default_user<'a>() -> Result<&'a str, Failed> {
    Err(Failed::Lost(
        "the change feed takes the user from the address, which names none".into(),
    ))
}
