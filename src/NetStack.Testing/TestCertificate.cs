using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace NetStack;

/// <summary>Certificates for servers in a test network. All of them are of one length, and so are their signatures: with an ECDSA key or a
/// random serial number, no two runs over TLS would send the same number of bytes.</summary>
public static class TestCertificate
{
    private static readonly byte[] Serial = [1];

    /// <summary>Makes a self-signed certificate with a private key (RSA, 2048 bits; a new one each time), valid from 2000 to 2049: in
    /// virtual time and in real.</summary>
    /// <param name="names">Host names or addresses it is for; the first is its subject.</param>
    /// <returns>The certificate; the caller disposes of it.</returns>
    /// <exception cref="ArgumentException">There is no name.</exception>
    public static X509Certificate2 Create(params ReadOnlySpan<string> names)
    {
        if (names.IsEmpty) throw new ArgumentException("A certificate is for at least one name.", nameof(names));
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new($"CN={names[0]}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder alternatives = new();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address)) alternatives.AddIpAddress(address);
            else alternatives.AddDnsName(name);
        }
        request.CertificateExtensions.Add(alternatives.Build());
        X509SignatureGenerator signer = X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pkcs1);
        using X509Certificate2 bare = request.Create(request.SubjectName, signer, new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2049, 12, 31, 0, 0, 0, TimeSpan.Zero), Serial);
        return bare.CopyWithPrivateKey(key);
    }

    /// <summary>Makes a client trust this certificate, whatever else is wrong with it, and no other; and begin each connection with a whole
    /// handshake: whether an earlier run left a session to resume must not matter.</summary>
    /// <param name="options">The client's options.</param>
    /// <param name="certificate">The certificate.</param>
    /// <example><code>handler.SslOptions.Trust(certificate);</code></example>
    public static void Trust(this SslClientAuthenticationOptions options, X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(certificate);
        string hash = certificate.GetCertHashString(HashAlgorithmName.SHA256);
        options.RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString(HashAlgorithmName.SHA256) == hash;
        options.AllowTlsResume = false;
    }
}
