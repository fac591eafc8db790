// Copyright: (c) 2026, the deep_security.remediation contributors
// GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Certificates, stores and chains, for New-Object.ps1 and Get-AuthenticodeSignature.ps1.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Engine
{
    public class Certificate
    {
        public string Subject { get; private set; }
        public string Issuer { get; private set; }
        public string Thumbprint { get; private set; }

        internal Certificate(string thumbprint)
        {
            Subject = Issuer = "";
            Thumbprint = thumbprint;
        }

        internal Certificate(Dictionary<string, object> about)
        {
            Subject = (string)about["subject"];
            Issuer = (string)about["issuer"];
            Thumbprint = (string)about["thumbprint"];
        }
    }

    public sealed class CertificateStore : IDisposable
    {
        private readonly StoreLocation location;
        public string Name { get; private set; }
        public Certificate[] Certificates { get; private set; }

        public CertificateStore(string name, StoreLocation location)
        {
            Name = name;
            this.location = location;
            Certificates = new Certificate[0];
        }

        public void Open(OpenFlags flags)
        {
            object found;
            try
            {
                found = location == StoreLocation.LocalMachine ? Host.Query("certificates", Name) : new object[0];
            }
            catch (HostFailure failure)
            {
                throw new CryptographicException(failure.Message);
            }
            if (found == null && flags.HasFlag(OpenFlags.OpenExistingOnly))
            {
                throw new CryptographicException("The system cannot find the file specified.");
            }
            Certificates = ((object[])found ?? new object[0]).Select(one => new Certificate((string)one)).ToArray();
        }

        public void Close() { Certificates = new Certificate[0]; }
        public void Dispose() { Close(); }
    }

    public class SignatureOfFile
    {
        private readonly Dictionary<string, object> about;

        internal static readonly Dictionary<string, SignatureOfFile> Signers = new Dictionary<string, SignatureOfFile>();
        internal readonly Certificate[] Chain;
        public string Path { get; private set; }

        public SignatureOfFile(string path, object found)
        {
            about = (Dictionary<string, object>)found;
            Path = path;
            Chain = ((object[])about["chain"]).Select(one => new Certificate((Dictionary<string, object>)one)).ToArray();
            if (Chain.Length > 0)
            {
                Signers[Chain[0].Thumbprint] = this;
            }
        }

        internal bool Partial { get { return (bool)about["partial"]; } }
        public string Status { get { return (string)about["status"]; } }
        public string StatusMessage { get { return Status; } }
        public Certificate SignerCertificate { get { return Chain.FirstOrDefault(); } }

        public Certificate TimeStamperCertificate
        {
            get
            {
                var stamper = (Dictionary<string, object>)about["timestamper"];
                return stamper == null ? null : new Certificate(stamper);
            }
        }
    }

    public class ChainElement
    {
        public Certificate Certificate { get; internal set; }
    }

    public class ChainStatus
    {
        public X509ChainStatusFlags Status { get; internal set; }
        public string StatusInformation { get { return Status.ToString(); } }
    }

    public sealed class CertificateChain : IDisposable
    {
        public X509ChainPolicy ChainPolicy { get; private set; } = new X509ChainPolicy();
        public ChainElement[] ChainElements { get; private set; } = new ChainElement[0];
        public ChainStatus[] ChainStatus { get; private set; } = new ChainStatus[0];

        public bool Build(Certificate certificate)
        {
            SignatureOfFile signed = SignatureOfFile.Signers[certificate.Thumbprint];
            ChainElements = signed.Chain.Select(one => new ChainElement { Certificate = one }).ToArray();
            ChainStatus = signed.Partial
                ? new[] { new ChainStatus { Status = X509ChainStatusFlags.PartialChain } } : new ChainStatus[0];
            return ChainStatus.Length == 0;
        }

        public void Reset() { ChainElements = new ChainElement[0]; }
        public void Dispose() { }
    }
}
