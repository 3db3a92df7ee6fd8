using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace NetStack.Kestrel.Tests;

/// <summary>A certificate of our own for 10.0.0.2, and who believes it.</summary>
internal static class Certificates
{
    internal static X509Certificate2 Server { get; } = Create();

    /// <summary>Believes this one certificate and no other.</summary>
    internal static SslClientAuthenticationOptions Client => new()
    {
        RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == Server.GetCertHashString(),
    };

    private static X509Certificate2 Create()
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=api.test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("api.test");
        names.AddIpAddress(IPAddress.Parse("10.0.0.2"));
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
