//! The program `jit`.

fn main() -> std::process::ExitCode {
    // What a program asks for at every connection comes before everything else.
    jit::cli::hot::creds().unwrap_or_else(jit::cli::main)
}
