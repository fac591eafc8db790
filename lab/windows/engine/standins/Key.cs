// Copyright: (c) 2026, the deep_security.remediation contributors
// GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// A key of the registry, for Open-DsaKey.ps1.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.Win32;

namespace Engine
{
    public sealed class Key : IDisposable
    {
        private readonly string path;
        private readonly Dictionary<string, object> values;
        private readonly object[] below;
        private bool closed;

        private Key(string path, Dictionary<string, object> found)
        {
            this.path = path;
            values = new Dictionary<string, object>(
                (Dictionary<string, object>)found["values"], StringComparer.OrdinalIgnoreCase);
            below = (object[])found["below"];
        }

        public static Key Open(string path)
        {
            object found;
            try
            {
                found = Host.Query("key", path);
            }
            catch (HostFailure failure)
            {
                if (failure.Kind == "denied")
                {
                    throw new System.Security.SecurityException(failure.Message);
                }
                throw new IOException(failure.Message);
            }
            return found == null ? null : new Key(path, (Dictionary<string, object>)found);
        }

        public string Name { get { return "HKEY_LOCAL_MACHINE\\" + path; } }
        public int ValueCount { get { return Open().Count; } }
        public int SubKeyCount { get { Open(); return below.Length; } }

        public string[] GetValueNames() { return Open().Keys.ToArray(); }
        public string[] GetSubKeyNames() { Open(); return below.Cast<string>().ToArray(); }
        public Key OpenSubKey(string name) { Open(); return Open(path + "\\" + name); }
        public object GetValue(string name) { return GetValue(name, null); }

        public object GetValue(string name, object defaultValue)
        {
            return GetValue(name, defaultValue, RegistryValueOptions.None);
        }

        public object GetValue(string name, object defaultValue, RegistryValueOptions options)
        {
            object[] found = Find(name);
            if (found == null)
            {
                return defaultValue;
            }
            switch ((string)found[0])
            {
                case "DWord":
                    return unchecked((int)(long)found[1]);
                case "QWord":
                    return (long)found[1];
                case "MultiString":
                    return ((object[])found[1]).Cast<string>().ToArray();
                case "ExpandString":
                    bool raw = options == RegistryValueOptions.DoNotExpandEnvironmentNames;
                    return raw ? found[1] : Environment.ExpandEnvironmentVariables((string)found[1]);
                case "String":
                    return (string)found[1];
                default:
                    return Convert.FromHexString((string)found[1]);
            }
        }

        public RegistryValueKind GetValueKind(string name)
        {
            object[] found = Find(name);
            if (found == null)
            {
                throw new IOException("The specified registry key does not exist.");
            }
            return (RegistryValueKind)Enum.Parse(typeof(RegistryValueKind), (string)found[0]);
        }

        public void Close() { closed = true; }
        public void Dispose() { closed = true; }

        private Dictionary<string, object> Open()
        {
            if (closed)
            {
                throw new ObjectDisposedException(Name, "Cannot access a closed registry key.");
            }
            return values;
        }

        private object[] Find(string name)
        {
            string wanted = name ?? "";
            if (wanted.Contains('/'))
            {
                wanted = (string)Host.Query("value_name", wanted);  // a name that is a path
            }
            return Open().TryGetValue(wanted, out object found) ? (object[])found : null;
        }
    }
}
